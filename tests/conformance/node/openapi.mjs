// Whether the document on standard input is valid OpenAPI 3.1: by its published schema, and every $ref resolves.
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'

const validator = new Validator()
const result = await validator.validate(JSON.parse(readFileSync(0, 'utf8')))
if (!result.valid) {
  console.error(JSON.stringify(result.errors, null, 2))
  process.exit(1)
}
validator.resolveRefs()
console.log(validator.version)
