// One resource that a watcher follows: its requests on curl, what they bring, its sink. Watcher's thread
// only.
#pragma once

#include "kube/kube_transport.h"
#include "kube/kube_watch.h"
#include "kube/kube_watch_resource.h"

struct kube_follower;

// Texts of resource and the sink are copied. Caller owns.
struct kube_follower *kube_follower_new(const struct kube_resource *resource,
                                        const struct kube_watch_sink *sink,
                                        const struct kube_watch_rules *rules);
// Its request must have been cut before.
void kube_follower_free(struct kube_follower *follower);

const struct kube_resource *kube_follower_resource(const struct kube_follower *follower); // any thread
struct kube_watch_resource_status kube_follower_status(const struct kube_follower *follower);

// When its next request may start or the one under way is to be cut, whichever it is.
uint64_t kube_follower_due_ns(const struct kube_follower *follower);
bool kube_follower_runs(const struct kube_follower *follower);
bool kube_follower_lists(const struct kube_follower *follower);        // now or next
bool kube_follower_is_in_a_list(const struct kube_follower *follower); // some pages came, others are to come

// Puts its next request into multi; what fails is noted and tried again later.
void kube_follower_start(struct kube_follower *follower, struct kube_transport *transport, CURLM *multi);
// Its transfer is over (CURLMSG_DONE). easy is the message's handle.
void kube_follower_finish(CURL *easy, CURLcode result, struct kube_transport *transport, CURLM *multi);
// The server was heard at this time, see kube_watch_resource_hurry.
void kube_follower_hurry(struct kube_follower *follower, uint64_t heard_ns);
// Its deadline has passed.
void kube_follower_give_up(struct kube_follower *follower, CURLM *multi);
void kube_follower_relist(struct kube_follower *follower, CURLM *multi);
// Ends its request, for good. forget: the sink hears that nothing is left.
void kube_follower_leave(struct kube_follower *follower, CURLM *multi, bool forget);
