// A path-compressed binary trie for each address family: an inner node stands where two networks part.
#include "fleet/cidr_set.h"

#include "base/memory.h"
#include "fleet/cidr.h"

#include <string.h>

enum { ADDRESS_BYTES = 16, FIRST_NODES = 64 };
// Up to so many holders are looked at rather than asked for.
enum { CROWD = 16 };

struct network {
    uint8_t bits[ADDRESS_BYTES]; // zero behind length
    uint8_t length;
    bool is_ipv6;
};

struct trie_node {
    uint8_t bits[ADDRESS_BYTES];
    uint8_t length;
    bool is_ipv6;
    uint32_t parent; // 0: a root; free nodes: the next one
    uint32_t children[2];
    uint32_t count;
    uint32_t capacity; // of many; 0: one holds it
    union {
        uint32_t one;
        uint32_t *many;
    } holders;
};

struct cidr_set {
    struct trie_node *nodes; // the first is not used
    uint32_t capacity, used, free;
    uint32_t roots[2]; // IPv4, IPv6
    size_t holder_bytes;
};

static unsigned bit_at(const uint8_t *bits, unsigned index) {
    return ((unsigned)bits[index / 8] >> (7 - index % 8)) & 1U;
}

static bool read_network(const char *text, struct network *ret_network) {
    struct cidr cidr;
    if (cidr_parse(text, &cidr) != NULL) {
        return false;
    }
    *ret_network = (struct network){.length = (uint8_t)cidr.prefix, .is_ipv6 = cidr.family == 6};
    memcpy(ret_network->bits, cidr.first, sizeof(ret_network->bits));
    return true;
}

// Bits that both begin with, at most limit.
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned limit) {
    unsigned count = 0;
    while (count + 8 <= limit && a[count / 8] == b[count / 8]) {
        count += 8;
    }
    while (count < limit && bit_at(a, count) == bit_at(b, count)) {
        count++;
    }
    return count;
}

struct cidr_set *cidr_set_new(void) {
    return memory_calloc(1, sizeof(struct cidr_set));
}

void cidr_set_free(struct cidr_set *set) {
    if (!set) {
        return;
    }
    for (uint32_t i = 1; i < set->used; i++) {
        if (set->nodes[i].capacity > 0) {
            free(set->nodes[i].holders.many);
        }
    }
    free(set->nodes);
    free(set);
}

static uint32_t new_node(struct cidr_set *set, const struct network *network, unsigned length,
                         uint32_t parent) {
    uint32_t at = set->free;
    if (at) {
        set->free = set->nodes[at].parent;
    } else {
        if (set->used == set->capacity) {
            set->capacity = set->capacity ? set->capacity + set->capacity / 2 : FIRST_NODES;
            set->nodes = memory_realloc(set->nodes, set->capacity, sizeof(*set->nodes));
            set->used = set->used ? set->used : 1;
        }
        at = set->used++;
    }
    struct trie_node *node = &set->nodes[at];
    *node = (struct trie_node){.length = (uint8_t)length, .is_ipv6 = network->is_ipv6, .parent = parent};
    memcpy(node->bits, network->bits, (length + 7) / 8);
    if (length % 8) {
        node->bits[length / 8] &= (uint8_t)(0xFF00U >> (length % 8));
    }
    return at;
}

// Where a node hangs: in its parent, or as a root.
static uint32_t *link_to(struct cidr_set *set, uint32_t at) {
    const struct trie_node *node = &set->nodes[at];
    return node->parent
               ? &set->nodes[node->parent].children[bit_at(node->bits, set->nodes[node->parent].length)]
               : &set->roots[node->is_ipv6];
}

// The node of exactly this network, made where it is missing.
static uint32_t place_of(struct cidr_set *set, const struct network *network) {
    uint32_t parent = 0;
    uint32_t at = set->roots[network->is_ipv6];
    while (at) {
        const struct trie_node *node = &set->nodes[at];
        unsigned limit = node->length < network->length ? node->length : network->length;
        unsigned common = common_bits(node->bits, network->bits, limit);
        if (common == network->length && node->length == network->length) {
            return at;
        }
        if (common < node->length) {
            // The network, or the place where both part, comes between the node and its parent.
            uint32_t between = new_node(set, network, common, parent);
            *link_to(set, at) = between;
            set->nodes[at].parent = between;
            set->nodes[between].children[bit_at(set->nodes[at].bits, common)] = at;
            if (common == network->length) {
                return between;
            }
        }
        parent = common < set->nodes[at].length ? set->nodes[at].parent : at;
        at = set->nodes[parent].children[bit_at(network->bits, set->nodes[parent].length)];
    }
    uint32_t added = new_node(set, network, network->length, parent);
    *link_to(set, added) = added;
    return added;
}

static uint32_t *holders_of(struct trie_node *node) {
    return node->capacity > 0 ? node->holders.many : &node->holders.one;
}

bool cidr_set_add(struct cidr_set *set, const char *text, uint32_t holder, uint32_t *ret_place) {
    struct network network;
    if (!read_network(text, &network)) {
        return false;
    }
    uint32_t at = place_of(set, &network);
    struct trie_node *node = &set->nodes[at];
    if (node->count >= (node->capacity ? node->capacity : 1)) {
        uint32_t capacity = node->capacity ? node->capacity * 2 : 4;
        uint32_t *many = memory_alloc(capacity * sizeof(*many));
        memcpy(many, holders_of(node), node->count * sizeof(*many));
        if (node->capacity > 0) {
            free(node->holders.many);
        }
        set->holder_bytes += (capacity - node->capacity) * sizeof(*many);
        node->holders.many = many;
        node->capacity = capacity;
    }
    holders_of(node)[node->count++] = holder;
    *ret_place = at;
    return true;
}

// Takes nodes out that nobody holds and where nothing parts.
static void prune(struct cidr_set *set, uint32_t at) {
    while (at) {
        struct trie_node *node = &set->nodes[at];
        if (node->count > 0 || (node->children[0] && node->children[1])) {
            return;
        }
        uint32_t child = node->children[0] ? node->children[0] : node->children[1];
        uint32_t parent = node->parent;
        *link_to(set, at) = child;
        if (child) {
            set->nodes[child].parent = parent;
        }
        if (node->capacity > 0) {
            set->holder_bytes -= node->capacity * sizeof(uint32_t);
            free(node->holders.many);
        }
        *node = (struct trie_node){.parent = set->free};
        set->free = at;
        at = parent;
    }
}

void cidr_set_remove(struct cidr_set *set, uint32_t place, uint32_t holder) {
    struct trie_node *node = &set->nodes[place];
    uint32_t *holders = holders_of(node);
    for (uint32_t i = 0; i < node->count; i++) {
        if (holders[i] == holder) {
            holders[i] = holders[--node->count];
            break;
        }
    }
    prune(set, place);
}

static bool accepted(const struct cidr_set *set, uint32_t at, const struct cidr_filter *filter,
                     uint32_t *ret_holder) {
    struct trie_node *node = &set->nodes[at];
    const uint32_t *holders = holders_of(node);
    if (node->count > CROWD && filter->may_accept && !filter->may_accept(filter->cookie, at)) {
        return false;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (filter->accepts(filter->cookie, holders[i])) {
            *ret_holder = holders[i];
            return true;
        }
    }
    return false;
}

// The node after this one in the subtree of top, parents first; 0 behind the last.
static uint32_t next_below(const struct cidr_set *set, uint32_t at, uint32_t top) {
    const struct trie_node *node = &set->nodes[at];
    if (node->children[0] || node->children[1]) {
        return node->children[0] ? node->children[0] : node->children[1];
    }
    while (at != top) {
        const struct trie_node *parent = &set->nodes[set->nodes[at].parent];
        if (parent->children[0] == at && parent->children[1]) {
            return parent->children[1];
        }
        at = set->nodes[at].parent;
    }
    return 0;
}

bool cidr_set_find(const struct cidr_set *set, const char *text, const struct cidr_filter *filter,
                   uint32_t *ret_holder) {
    struct network network;
    if (!read_network(text, &network)) {
        return false;
    }
    uint32_t at = set->roots[network.is_ipv6];
    while (at && set->nodes[at].length < network.length) {
        const struct trie_node *node = &set->nodes[at];
        if (common_bits(node->bits, network.bits, node->length) < node->length) {
            return false;
        }
        if (accepted(set, at, filter, ret_holder)) {
            return true;
        }
        at = node->children[bit_at(network.bits, node->length)];
    }
    if (!at || common_bits(set->nodes[at].bits, network.bits, network.length) < network.length) {
        return false;
    }
    for (uint32_t below = at; below; below = next_below(set, below, at)) {
        if (accepted(set, below, filter, ret_holder)) {
            return true;
        }
    }
    return false;
}

size_t cidr_set_bytes(const struct cidr_set *set) {
    return sizeof(*set) + set->capacity * sizeof(*set->nodes) + set->holder_bytes;
}
