// How the embedded cloud shows itself to those who ask.
#pragma once

#include "base/buffer.h"
#include "reconciler/providers/sim_model.h"

// In arena, borrowing names from cluster, which must not be gone.
void sim_view_cluster(struct arena *arena, const struct sim_cluster *cluster,
                      struct cloud_cluster *ret_cluster);
// A kubeconfig for an endpoint where nobody answers.
void sim_view_kubeconfig(const struct sim_model *model, const struct sim_cluster *cluster,
                         struct buffer *ret_text);
