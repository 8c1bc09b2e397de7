#include "reconciler/status_draft.h"

void status_infrastructure_fill(struct status_draft *draft) {
    status_draft_latch(draft, draft->shape.initialization ? "initialization.provisioned" : "ready",
                       draft->facts.provisioned);
    status_availability(draft, draft->facts.provisioned, status_cloud_text(draft, "infrastructure"));
}
