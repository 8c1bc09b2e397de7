// One cluster that is driven: looks at it, judges what is new, and takes the next step. A pass is a row of
// steps, each of which may wait for one answer; between passes nothing is kept that could not be read again.
#pragma once

#include "reconciler/judge.h"
#include "reconciler/planner.h"
#include "reconciler/reconciler_internal.h"

enum { WORKER_MOST_TEXT = 1024 };

// What to do next in a pass. In this order, unless a step says otherwise.
enum pass_step {
    PASS_NONE, // no pass is under way
    PASS_RECORD,
    PASS_GONE, // is what is not there (any more) really gone?
    PASS_JUDGE,
    PASS_SPEC,
    PASS_STORE, // what was approved, before anything is done about it
    PASS_METADATA,
    PASS_POLL,
    PASS_OBSERVE,
    PASS_PLAN,
    PASS_INTENT,
    PASS_START,
    PASS_OPERATION,
    PASS_KUBECONFIG,
    PASS_KUBECONFIG_FETCH,
    PASS_KUBECONFIG_WRITE,
    PASS_STATUS,
    PASS_RELEASE, // pools that are gone, and the Cluster itself
    PASS_CLEAN,
    PASS_TIDY, // stores what changed in the record and starts nothing
    PASS_END,
    PASS_STEP_COUNT,
};

enum kubeconfig_state { KUBECONFIG_UNKNOWN, KUBECONFIG_MISSING, KUBECONFIG_THERE };

struct worker {
    struct reconciler *reconciler;
    struct object_key key; // of the Cluster; texts are the worker's own
    // ---- the Cluster as stored ----
    char *uid, *api_version;
    char *provider_name; // NULL: not to be driven
    char *wave;          // value of the wave label, or NULL
    bool is_paused, is_deleting, has_finalizer;
    // ---- what was approved ----
    struct cluster_record record;
    char record_version[64]; // "": there is no Secret yet
    bool record_loaded, record_dirty;
    bool record_is_fresh; // read in this pass
    char record_uid[64];  // of the Secret
    struct verdict_list verdicts;
    struct cluster_spec *spec; // NULL: not to be had; of spec_revision
    int64_t spec_revision;
    // ---- scheduling ----
    enum pass_step step;
    bool queued;     // waits for its turn
    bool again;      // something changed while a pass was under way
    bool must_judge; // something is new, or was denied or held
    bool is_gone;    // the Cluster is not there any more
    bool retry_judge;
    bool reported;   // some status has changed: what was denied or held is looked at again soon
    bool is_stale;   // something is new, and no pass has shown yet what comes of it
    bool is_counted; // what it holds is known
    event_timer timer;
    int64_t due_ms;                     // of timer
    unsigned failures, failures_before; // passes in a row; before this one
    int64_t wait_ms;                    // until the next pass; -1: what is usual
    enum line line;
    bool asked_line; // in this pass
    struct worker *line_previous, *line_next;
    struct worker *next_retired;
    struct {
        struct worker *next, **link; // among those that hold one; link NULL: this one does not
    } places[PLACE_COUNT];
    // ---- what is known in this pass ----
    struct arena *arena;         // NULL between passes
    struct cloud_cluster *cloud; // NULL: there is none, or nothing is known
    bool is_known, unreachable;
    struct plan plan;
    struct plan_step starting; // of PASS_INTENT and PASS_START
    struct member_list members;
    size_t next_member;
    size_t next_approved; // of PASS_GONE
    unsigned clean_step;
    char *kubeconfig_text;
    char *step_text, *waits, *problem, *drift; // WORKER_MOST_TEXT, in arena
    // ---- what is kept of it ----
    uint64_t shown;     // hash of what the objects say; 0: to be said again
    uint64_t shown_now; // of this pass
    enum kubeconfig_state kubeconfig;
    unsigned kubeconfig_age;           // passes since it was looked for
    bool upgrade_pending;              // steps are left that change a version
    struct kubernetes_version reached; // so: of the part that is furthest behind
    bool converged;
    unsigned incomplete; // passes in a row in which a part was not there yet
    char *told_problem;  // in an Event
};

// By what stands on the object now, or by what was approved last.
static inline bool worker_is_paused(const struct worker *worker) {
    return worker->is_paused || (worker->spec && worker->spec->paused);
}

static inline bool worker_has_operation(const struct worker *worker) {
    return worker->record.intent.action != ACTION_NONE && worker->record.intent.operation;
}

static inline bool worker_holds(const struct worker *worker, enum place place) {
    return worker->places[place].link != NULL;
}

struct worker *worker_new(struct reconciler *reconciler, const struct object_key *key); // caller owns
void worker_free(struct worker *worker);
// Goes on with the pass, or begins one.
void worker_run(struct worker *worker);
// The Cluster as it is stored now.
void worker_read_cluster(struct worker *worker, const struct stored_object *stored);
const struct stored_object *worker_stored(const struct worker *worker);
// Ends the pass early; it is made again after a wait that grows.
void worker_fail(struct worker *worker, const char *format, ...) PRINTF_LIKE(2, 3);
void worker_say(char *text, const char *format, ...) PRINTF_LIKE(2, 3); // text: WORKER_MOST_TEXT
const struct provider *worker_provider(struct worker *worker);          // NULL: there is none of that name
struct provider_target worker_target(const struct worker *worker);
// Why a member is denied or held, of the first that is; NULL: none is.
const char *worker_refusal(const struct worker *worker);
const char *worker_region(const struct worker *worker); // NULL: not known

// The steps. True: go on with worker->step; false: an answer will.
bool worker_step_record(struct worker *worker);
bool worker_step_gone(struct worker *worker);
bool worker_step_judge(struct worker *worker);
bool worker_step_spec(struct worker *worker);
bool worker_step_store(struct worker *worker);
bool worker_step_metadata(struct worker *worker);
bool worker_step_poll(struct worker *worker);
bool worker_step_observe(struct worker *worker);
bool worker_step_plan(struct worker *worker);
bool worker_step_intent(struct worker *worker);
bool worker_step_start(struct worker *worker);
bool worker_step_operation(struct worker *worker);
bool worker_step_kubeconfig(struct worker *worker);
bool worker_step_kubeconfig_fetch(struct worker *worker);
bool worker_step_kubeconfig_write(struct worker *worker);
bool worker_step_status(struct worker *worker);
bool worker_step_release(struct worker *worker);
// Is there something to send once its Cluster is gone?
bool worker_leaves_record(const struct worker *worker);
bool worker_step_clean(struct worker *worker);
bool worker_step_tidy(struct worker *worker);

// Writes the record; then goes on with next, or, where it went wrong, ends the pass.
bool worker_write_record(struct worker *worker, enum pass_step next);
// What is told of one member's object. document is its object as stored.
struct status_question worker_question(const struct worker *worker, const struct stored_object *stored,
                                       const struct document *document, const struct document *cluster);
// The objects that the cluster is made of now, into members; false: they are more than MEMBERS_MOST.
MUST_CHECK bool worker_collect(struct worker *worker);
void worker_event(struct worker *worker, bool warning, const char *reason, const char *message);
