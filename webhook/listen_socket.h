// A listening TCP socket from a text such as 127.0.0.1:9443, [::1]:9443, :9443 (every address) or
// localhost:0.
#pragma once

#include "base/error.h"

#include <stdint.h>

// Port 0 lets the system choose. *ret_socket: caller closes. Fails with INVALID or IO.
MUST_CHECK bool listen_socket_open(const char *address, int *ret_socket, uint16_t *ret_port,
                                   struct error *error);
