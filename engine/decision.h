// The answer: allowed or not, and everything that people, logs and metrics want to know about why.
#pragma once

#include "base/arena.h"
#include "engine/review.h"

enum policy_mode { MODE_OFF, MODE_AUDIT, MODE_WARN, MODE_DENY };
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

// Why a policy could not finish. Each has its own metric label and message.
enum policy_fault {
    FAULT_NONE,
    FAULT_ERROR,     // a Lua error in the policy
    FAULT_TIME,      // its time budget
    FAULT_MEMORY,    // its heap cap
    FAULT_STACK,     // recursion
    FAULT_BLOCKED,   // it called what the sandbox has not
    FAULT_DEADLINE,  // the request's wall-clock deadline
    FAULT_INVENTORY, // what counts the fleet gave no answer
    FAULT_COUNT,
};

struct violation {
    const char *policy;
    enum severity severity;
    enum policy_mode mode; // what the policy's mode made of it: MODE_DENY, MODE_WARN or MODE_AUDIT
    struct origin origin;  // object and field; path may be ""
    const char *message;   // one line: "region eu-north-1 is not allowed"
    const char *detail;    // one line or NULL: "got eu-north-1; allowed eu-west-1, eu-central-1"
    const char *hint;      // one line or NULL: what to do
    const char *docs;      // address or NULL
    const char *exception; // name of the exception that excuses it, or NULL
    bool existed;          // it was there before the change and did not get worse: it does not deny
    bool has_excess;
    double excess; // how far over the limit, when the policy said so
};

// A policy read a value that can't be known here, so it could not judge.
struct unknown_value {
    const char *policy;
    struct origin origin;
    const char *why;
    bool unseen; // an object that was not seen holds it (false: an unresolved placeholder or a malformed
                 // value)
};

enum policy_outcome { OUTCOME_PASS, OUTCOME_VIOLATED, OUTCOME_UNKNOWN, OUTCOME_FAULT };

// One line for each policy that matched.
struct policy_result {
    const char *policy;
    enum policy_outcome outcome;
    enum policy_mode mode;
    enum policy_fault fault;
    const char *fault_message; // "node-counts.lua:12: attempt to …" or NULL
    bool fault_denies;         // the policy's on_error says deny
    // It read who makes the change (change.user, or match by users or groups), which only admission knows.
    bool read_user;
    uint64_t duration_ns;
};

// One operation of the JSON patch (RFC 6902).
struct patch_operation {
    bool replace;      // else add
    const char *path;  // JSON pointer
    const char *value; // JSON text
};

struct decision {
    struct arena *arena; // holds every text and list below
    bool allowed;
    struct violation *violations; // worst first, then by policy and path; without duplicates
    size_t violation_count;
    struct unknown_value *unknowns;
    size_t unknown_count;
    struct policy_result *results;
    size_t result_count;
    struct patch_operation *patch; // of engine_mutate only
    size_t patch_count;
};

// Caller clears with decision_clear. A zeroed decision may be cleared.
void decision_clear(struct decision *decision);
static inline void decision_clear_cleanup(struct decision *decision) {
    decision_clear(decision);
}

const char *severity_name(enum severity severity);            // "low", "medium", "high", "critical"
const char *policy_mode_name(enum policy_mode mode);          // "off", "audit", "warn", "deny"
const char *policy_fault_name(enum policy_fault fault);       // "none", "error", "time", "memory", "stack",
                                                              // "blocked", "deadline", "inventory"
const char *policy_outcome_name(enum policy_outcome outcome); // "pass", "violated", "unknown", "fault"
// Does this violation by itself deny? (mode deny, no exception, not there before)
bool violation_denies(const struct violation *violation);
// Does this policy deny because it could not finish?
bool policy_result_denies(const struct policy_result *result);

// Ends the collecting: sorts violations worst first (those that deny, then by severity, policy, object,
// path), drops duplicates of them and of unknowns, and sets allowed.
void decision_finish(struct decision *decision);

// For doors that have something to say of their own, after policies did; texts are borrowed until
// decision_clear. A violation ends the collecting anew.
void decision_add_violation(struct decision *decision, const struct violation *violation);
void decision_add_patch(struct decision *decision, const struct patch_operation *operation);
