// Real clients against a testbed: node peers.mjs NAME TESTBED.json [KEY.json]. Ends with 0 when all held.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const [, , name, path, keyPath] = process.argv
const bed = JSON.parse(readFileSync(path, 'utf8'))
const issuer = new URL(bed.base_url)
const { audience } = bed.resource_server
const insecure = { [oauth.allowInsecureRequests]: true } // http on loopback

const peers = {
  // A resource server that trusts the published key set alone.
  async jose() {
    const token = await obtain()
    const metadata = await (await fetch(new URL('/.well-known/oauth-authorization-server', issuer))).json()
    const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri))
    const { payload, protectedHeader } = await jose.jwtVerify(token, keys, {
      issuer: metadata.issuer, audience, typ: 'at+jwt', algorithms: ['ES256'],
      requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp', 'scope'],
    })
    assert.equal(payload.client_id, bed.app.client_id)
    assert.equal(protectedHeader.typ, 'at+jwt')
    await assert.rejects(jose.jwtVerify(token.slice(0, -4) + 'AAAA', keys))
  },

  async oauth4webapi() {
    const as = await oauth.processDiscoveryResponse(
      issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
    const app = { client_id: bed.app.client_id }
    const server = { client_id: bed.resource_server.client_id }
    const appAuth = oauth.ClientSecretBasic(bed.app.client_secret)
    const serverAuth = oauth.ClientSecretBasic(bed.resource_server.client_secret)
    const introspect = async (token) => oauth.processIntrospectionResponse(
      as, server, await oauth.introspectionRequest(as, server, serverAuth, token, insecure))

    const granted = await oauth.processClientCredentialsResponse(as, app,
      await oauth.clientCredentialsGrantRequest(as, app, appAuth, { scope: 'calls.read' }, insecure))
    assert.equal(granted.scope, 'calls.read')
    const request = new Request('https://api.testbed.example/calls', {
      headers: { authorization: `Bearer ${granted.access_token}` },
    })
    const claims = await oauth.validateJwtAccessToken(as, request, audience, insecure) // RFC 9068 section 4
    assert.equal(claims.scope, 'calls.read')
    assert.equal((await introspect(granted.access_token)).active, true)
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, app, appAuth, granted.access_token, insecure))
    assert.deepEqual(await introspect(granted.access_token), { active: false })
    await assert.rejects(async () => oauth.processClientCredentialsResponse(as, app,
      await oauth.clientCredentialsGrantRequest(as, app, appAuth, { scope: 'nonsense' }, insecure)),
    { error: 'invalid_scope' })
  },

  async 'openid-client'() {
    const configure = (client) => openid.discovery(issuer, client.client_id, undefined,
      openid.ClientSecretBasic(client.client_secret),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
    const app = await configure(bed.app)
    const server = await configure(bed.resource_server)
    const granted = await openid.clientCredentialsGrant(app, { scope: 'calls.read sms.read', resource: audience })
    assert.ok(granted.expiresIn() > 0)
    const answer = await openid.tokenIntrospection(server, granted.access_token)
    assert.equal(answer.active, true)
    assert.equal(answer.aud, audience)
    await openid.tokenRevocation(app, granted.access_token)
    assert.deepEqual(await openid.tokenIntrospection(server, granted.access_token), { active: false })
  },

  // The testbed's client that registered a key for each algorithm (RFC 7523).
  async private_key_jwt() {
    const jwk = JSON.parse(readFileSync(keyPath, 'utf8'))
    const key = { key: await jose.importJWK(jwk, jwk.alg), kid: jwk.kid }
    const { client_id } = bed.seeded.applications.by_key
    const config = await openid.discovery(issuer, client_id, undefined, openid.PrivateKeyJwt(key),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
    const granted = await openid.clientCredentialsGrant(config, { scope: 'calls.read' })
    assert.equal((await openid.tokenIntrospection(config, granted.access_token)).active, true)
    await openid.tokenRevocation(config, granted.access_token)

    const as = await oauth.processDiscoveryResponse(
      issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
    const client = { client_id }
    const again = await oauth.processClientCredentialsResponse(as, client,
      await oauth.clientCredentialsGrantRequest(as, client, oauth.PrivateKeyJwt(key), {}, insecure))
    assert.equal(again.scope, 'calls.read')
  },
}

async function obtain() {
  const pair = Buffer.from(`${bed.app.client_id}:${bed.app.client_secret}`).toString('base64')
  const response = await fetch(new URL('/oauth/token', issuer), {
    method: 'POST',
    headers: { authorization: `Basic ${pair}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'calls.read' }),
  })
  assert.equal(response.status, 200)
  return (await response.json()).access_token
}

await peers[name]()
