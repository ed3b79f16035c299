#include "app/notify.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"

void notify_manager(const char *socket_path, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = socket_path == NULL ? 0 : strlen(socket_path);
    int fd;

    if (len < 2 || len >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, socket_path, len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0'; /* the abstract namespace */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        LOG(LOG_WARN, "service_manager_not_told", LF_CSTR("state", state));
    close(fd);
}
