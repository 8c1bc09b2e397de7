#include "engine/glob.h"
#include "engine/policy.h"

#include <string.h>

static bool list_matches(const struct text_list *globs, const char *text) {
    for (size_t i = 0; i < globs->count; i++) {
        if (glob_match(globs->items[i], text)) {
            return true;
        }
    }
    return globs->count == 0;
}

static bool groups_match(const struct text_list *globs, const struct review *review) {
    for (size_t i = 0; i < review->group_count; i++) {
        if (list_matches(globs, review->groups[i])) {
            return true;
        }
    }
    return globs->count == 0;
}

static const struct node *labels_of(const struct node *object) {
    return node_get(node_get(object, "metadata"), "labels");
}

static bool labels_match(const struct object_matcher *matcher, const struct node *labels) {
    for (size_t i = 0; i < matcher->label_names.count; i++) {
        const struct node *value = node_get(labels, matcher->label_names.items[i]);
        const char *text = node_string(value);
        // A label that can't be known may be the one: the policy looks, and meets the unknown itself.
        if (!text || !(value->unknown || glob_match(matcher->label_values.items[i], text))) {
            return false;
        }
    }
    return true;
}

static bool object_matches_but_user(const struct object_matcher *matcher, const struct review *review) {
    const struct object_change *change = &review->change;
    if (!(matcher->operations & 1U << change->operation)) {
        return false;
    }
    if (strcmp(matcher->subresource, "*") != 0 && strcmp(matcher->subresource, change->subresource) != 0) {
        return false;
    }
    if ((matcher->group && !glob_match(matcher->group, change->key.group)) ||
        (matcher->kind && !glob_match(matcher->kind, change->key.kind))) {
        return false;
    }
    if (!list_matches(&matcher->namespaces, change->key.namespace)) {
        return false;
    }
    // Either state: taking the label off must not take the object out of the policy's sight.
    return matcher->label_names.count == 0 || labels_match(matcher, labels_of(change->object)) ||
           labels_match(matcher, labels_of(change->old_object));
}

static enum policy_match match_object(const struct object_matcher *matcher, const struct review *review) {
    if (!object_matches_but_user(matcher, review)) {
        return MATCH_NOT;
    }
    if (matcher->users.count == 0 && matcher->groups.count == 0) {
        return MATCH_ANY_USER;
    }
    bool is_user = list_matches(&matcher->users, review->user) && groups_match(&matcher->groups, review);
    return is_user ? MATCH_BY_USER : MATCH_BUT_USER;
}

enum policy_match policy_match(const struct policy *policy, const struct review *review,
                               bool tells_of_clusters) {
    const struct object_change *change = &review->change;
    if (policy->match_clusters && policy->cluster_operations & 1U << change->operation && tells_of_clusters) {
        return MATCH_ANY_USER;
    }
    enum policy_match best = MATCH_NOT;
    for (size_t i = 0; i < policy->object_count && best != MATCH_ANY_USER; i++) {
        enum policy_match match = match_object(&policy->objects[i], review);
        best = match > best ? match : best;
    }
    return best;
}
