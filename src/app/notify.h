/* Telling the service manager how it goes (sd_notify's protocol, without its library). */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

/* state: "READY=1", "STOPPING=1", "RELOADING=1"...; newline between several. Does nothing when
 * socket (the environment's NOTIFY_SOCKET) is NULL. */
void notify_manager(const char *socket, const char *state);

#endif
