// /healthz, /readyz and /metrics over plain HTTP on a port of their own, for probes and Prometheus.
#pragma once

#include "webhook/gate_metrics.h"
#include "webhook/readiness.h"

struct ops_server;

// Takes ownership of listen_socket, also on failure; the others are borrowed until ops_server_free.
MUST_CHECK bool ops_server_start(int listen_socket, struct readiness *readiness, struct gate_metrics *metrics,
                                 struct ops_server **ret_server, struct error *error);
void ops_server_free(struct ops_server *server);
DEFINE_CLEANUP(ops_server_free, struct ops_server *)
