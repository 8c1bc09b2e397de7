#include "certs/rotation_plan.h"

#include "certs/certificate_bundle.h"
#include "certs/certificate_info.h"
#include "certs/certificate_text.h"

#include <string.h>

enum { LONGEST_WAIT_SECONDS = 86400 };

// What the plan is made of, once all texts have been read.
struct facts {
    bool authority_readable; // a certificate that may verify others, whatever its key and dates are
    bool authority_good;     // with its key, and in its time
    bool next_good;
    bool certificate_good;
    bool authority_known; // every bundle that can verify anything holds it
    bool anybody_trusted; // some bundle can verify something, or this replica serves something
    int64_t authority_due, certificate_due; // when two thirds of their lives are over
    int64_t authority_known_since;          // steady; of the bundles that can verify anything
    int64_t next_known_since;               // steady; -1: some bundle does not hold it
};

struct dates {
    int64_t not_before, not_after;
};

static bool read_dates(const char *certificate, bool want_authority, struct dates *ret_dates) {
    CLEANUP(certificate_info_clear) struct certificate_info info = {0};
    if (!certificate || !certificate_info_read_text(certificate, &info, NULL) ||
        info.is_authority != want_authority) {
        return false;
    }
    *ret_dates = (struct dates){.not_before = info.not_before, .not_after = info.not_after};
    return true;
}

static bool holds_now(const struct dates *dates, int64_t now) {
    return dates->not_before <= now && now < dates->not_after;
}

static int64_t due(const struct dates *dates) {
    return dates->not_before + (dates->not_after - dates->not_before) / 3 * 2;
}

static struct certificate_bundle *read_bundle(const char *text, int64_t now) {
    struct certificate_bundle *bundle = certificate_bundle_new();
    certificate_bundle_add(bundle, text, now);
    return bundle;
}

struct bundle_facts {
    bool empty, holds_authority, holds_next;
};

static struct bundle_facts look_at_bundle(const struct rotation_view *view, const char *text) {
    const struct rotation_content *content = view->content;
    CLEANUP(certificate_bundle_free) struct certificate_bundle *trusted = read_bundle(text, view->now);
    return (struct bundle_facts){
        .empty = certificate_bundle_count(trusted) == 0,
        .holds_authority = content && certificate_bundle_holds(trusted, content->authority),
        .holds_next = content && certificate_bundle_holds(trusted, content->next),
    };
}

// Most webhooks have the same bundle, and reading one costs most of a plan.
static bool same_as_before(const struct rotation_view *view, size_t index) {
    return index > 0 && strcmp(view->bundles[index].text, view->bundles[index - 1].text) == 0;
}

static void look_at_bundles(const struct rotation_view *view, struct facts *facts) {
    struct bundle_facts bundle = {0};
    facts->authority_known = true;
    for (size_t i = 0; i < view->bundle_count; i++) {
        if (!same_as_before(view, i)) {
            bundle = look_at_bundle(view, view->bundles[i].text);
        }
        facts->anybody_trusted = facts->anybody_trusted || !bundle.empty;
        facts->authority_known = facts->authority_known && (bundle.empty || bundle.holds_authority);
        int64_t since = view->bundles[i].since_steady;
        if (!bundle.empty && since > facts->authority_known_since) {
            facts->authority_known_since = since;
        }
        if (!bundle.holds_next) {
            facts->next_known_since = -1;
        } else if (facts->next_known_since >= 0 && since > facts->next_known_since) {
            facts->next_known_since = since;
        }
    }
}

static void look_at_content(const struct rotation_view *view, struct facts *facts) {
    const struct rotation_content *content = view->content;
    struct dates authority = {0}, next, certificate = {0};
    facts->authority_readable = read_dates(content->authority, true, &authority);
    bool in_time = facts->authority_readable && holds_now(&authority, view->now);
    facts->authority_good = in_time && certificate_text_has_key(content->authority, content->authority_key);
    facts->authority_due = due(&authority);
    facts->next_good = read_dates(content->next, true, &next) && holds_now(&next, view->now) &&
                       certificate_text_has_key(content->next, content->next_key);
    facts->certificate_good = in_time && read_dates(content->certificate, false, &certificate) &&
                              holds_now(&certificate, view->now) &&
                              certificate_text_has_key(content->certificate, content->key) &&
                              certificate_text_signed_by(content->certificate, content->authority) &&
                              certificate_text_has_names(content->certificate, &view->settings->names);
    // One that ends with its authority can't be made to last longer.
    facts->certificate_due = certificate.not_after < authority.not_after ? due(&certificate) : INT64_MAX;
}

static bool serves_something(const struct rotation_view *view) {
    struct dates dates;
    return read_dates(view->served, false, &dates) && holds_now(&dates, view->now);
}

// What works is left only once that is no risk. Whoever serves nothing has nothing to lose, and need not
// wait.
static bool may_serve(const struct rotation_view *view, const struct facts *facts) {
    return facts->certificate_good && facts->authority_known &&
           (!serves_something(view) ||
            certificate_text_same(view->served_authority, view->content->authority) ||
            view->steady - facts->authority_known_since >= view->settings->grace_seconds);
}

static struct facts look(const struct rotation_view *view) {
    struct facts facts = {.anybody_trusted = serves_something(view)};
    look_at_bundles(view, &facts);
    if (view->content) {
        look_at_content(view, &facts);
    }
    return facts;
}

static bool is_settled(const struct rotation_view *view) {
    return !view->clock_doubtful && view->content && !view->content->next && view->settled_authority &&
           certificate_text_same(view->content->authority, view->settled_authority) &&
           view->steady - view->settled_steady >= view->settings->retire_seconds;
}

char *rotation_plan_bundle(const struct rotation_view *view, size_t index) {
    CLEANUP(certificate_bundle_free)
    struct certificate_bundle *present = read_bundle(view->bundles[index].text, 0);
    CLEANUP(certificate_bundle_free) struct certificate_bundle *wanted = certificate_bundle_new();
    const struct rotation_content *content = view->content;
    if (content) {
        certificate_bundle_add(wanted, content->authority, 0);
        certificate_bundle_add(wanted, content->next, 0);
    }
    certificate_bundle_add(wanted, view->served_authority, 0);
    if (content) {
        certificate_bundle_add(wanted, content->old, view->clock_doubtful ? 0 : view->now);
    }
    // Somebody may still serve what these have signed.
    if (!is_settled(view)) {
        certificate_bundle_add(wanted, view->bundles[index].text, 0);
    }
    bool right = certificate_bundle_within(wanted, present) && certificate_bundle_within(present, wanted) &&
                 !certificate_bundle_is_damaged(present);
    return right || certificate_bundle_count(wanted) == 0 ? NULL : certificate_bundle_text(wanted);
}

char *rotation_plan_known(const struct rotation_view *view) {
    CLEANUP(certificate_bundle_free)
    struct certificate_bundle *known = read_bundle(view->served_authority, view->now);
    for (size_t i = 0; i < view->bundle_count; i++) {
        certificate_bundle_add(known, view->bundles[i].text, view->now);
    }
    return certificate_bundle_text(known);
}

static bool must_publish(const struct rotation_view *view) {
    for (size_t i = 0; i < view->bundle_count; i++) {
        CLEANUP(free) char *text = same_as_before(view, i) ? NULL : rotation_plan_bundle(view, i);
        if (text) {
            return true;
        }
    }
    return false;
}

static void decide(struct rotation_plan *plan, enum rotation_action action, const char *why) {
    plan->action = action;
    plan->why = why;
}

// Nothing usable is there, or API servers don't know what is there.
static bool plan_start(const struct rotation_view *view, const struct facts *facts,
                       struct rotation_plan *plan) {
    if (!view->content || (!facts->authority_readable && !facts->next_good)) {
        decide(plan, facts->anybody_trusted ? ROTATION_PREPARE : ROTATION_CREATE,
               view->content ? "the Secret holds no usable authority" : "there is no Secret");
        return true;
    }
    if (facts->authority_readable && !facts->authority_known) {
        decide(plan, ROTATION_DEMOTE, "a webhook's caBundle lacks the authority");
        return true;
    }
    return false;
}

static bool plan_next(const struct rotation_view *view, const struct facts *facts,
                      struct rotation_plan *plan) {
    if (facts->next_good) {
        bool everywhere = view->bundle_count == 0 ||
                          (facts->next_known_since >= 0 &&
                           view->steady - facts->next_known_since >= view->settings->grace_seconds);
        if (everywhere) {
            decide(plan, ROTATION_PROMOTE, "API servers know the next authority");
        }
        return everywhere;
    }
    if (view->content->next || !facts->authority_good || view->now >= facts->authority_due) {
        decide(plan, ROTATION_PREPARE,
               view->content->next      ? "the next authority is not usable"
               : !facts->authority_good ? "the authority is not usable"
                                        : "two thirds of the authority's life are over");
        return true;
    }
    return false;
}

static bool plan_certificate(const struct rotation_view *view, const struct facts *facts,
                             struct rotation_plan *plan) {
    bool is_due = !facts->next_good && view->now >= facts->certificate_due;
    if (facts->authority_good && (!facts->certificate_good || is_due)) {
        decide(plan, ROTATION_ISSUE,
               facts->certificate_good ? "two thirds of the certificate's life are over"
                                       : "the certificate is missing, wrong or not in its time");
        return true;
    }
    return false;
}

static int64_t sooner(int64_t wait, int64_t other) {
    other = other < 1 ? 1 : other;
    return other < wait ? other : wait;
}

static int64_t wait_for(const struct rotation_view *view, const struct facts *facts) {
    const struct rotation_settings *settings = view->settings;
    int64_t wait = LONGEST_WAIT_SECONDS;
    if (facts->next_good) {
        return facts->next_known_since >= 0
                   ? sooner(wait, facts->next_known_since + settings->grace_seconds - view->steady)
                   : 1;
    }
    wait = sooner(wait, facts->authority_due - view->now);
    if (facts->certificate_due < INT64_MAX) {
        wait = sooner(wait, facts->certificate_due - view->now);
    }
    if (facts->certificate_good && !may_serve(view, facts)) {
        wait = sooner(wait, facts->authority_known_since + settings->grace_seconds - view->steady);
    }
    if (view->settled_authority && !is_settled(view)) {
        wait = sooner(wait, view->settled_steady + settings->retire_seconds - view->steady);
    }
    return wait;
}

struct rotation_plan rotation_plan(const struct rotation_view *view) {
    struct facts facts = look(view);
    struct rotation_plan plan = {.wait_seconds = 1, .why = ""};
    plan.serve = may_serve(view, &facts);
    plan.settled = plan.serve && facts.authority_good && !view->content->next;
    if (view->clock_doubtful) {
        if (must_publish(view)) {
            decide(&plan, ROTATION_PUBLISH, "a webhook's caBundle lacks an authority");
        }
        return plan;
    }
    if (plan_start(view, &facts, &plan)) {
        return plan;
    }
    // Before the bundles: it needs nothing new of them, and must not wait for whatever keeps them from
    // changing.
    if (plan_certificate(view, &facts, &plan)) {
        return plan;
    }
    if (must_publish(view)) {
        decide(&plan, ROTATION_PUBLISH, "a webhook's caBundle is not as it should be");
        return plan;
    }
    if (plan_next(view, &facts, &plan)) {
        return plan;
    }
    if (view->content->old && is_settled(view)) {
        decide(&plan, ROTATION_RETIRE, "nobody serves what the old authorities have signed");
        return plan;
    }
    plan.wait_seconds = wait_for(view, &facts);
    return plan;
}
