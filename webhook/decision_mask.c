#include "webhook/decision_mask.h"

#include "base/arena.h"
#include "base/json_canonical.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { MOST_PARTS = 32, LONGEST_KEY = 128, LONGEST_PATH = 1024 * 1024 };

struct part {
    const char *text;
    size_t length;
};

struct decision_mask {
    struct arena *arena;
    size_t count;
    size_t lengths[MOST_MASK_POINTERS];
    const struct part *parts[MOST_MASK_POINTERS];
};

// --- the pointers of the operator ---

void decision_mask_free(struct decision_mask *mask) {
    if (mask) {
        arena_free(mask->arena);
        free(mask);
    }
}

// "~1" is "/", "~0" is "~".
static bool unescape(char *text, size_t *ret_length) {
    char *write = text;
    for (const char *read = text; *read; read++) {
        if (*read != '~') {
            *write++ = *read;
            continue;
        }
        read++;
        if (*read != '0' && *read != '1') {
            return false;
        }
        *write++ = *read == '0' ? '~' : '/';
    }
    *write = '\0';
    *ret_length = (size_t)(write - text);
    return true;
}

static bool read_pointer(struct decision_mask *mask, const char *pointer, struct error *error) {
    struct part *parts = arena_alloc(mask->arena, MOST_PARTS * sizeof(*parts));
    char *rest = arena_strdup(mask->arena, pointer);
    size_t count = 0;
    if (*rest != '/') {
        return error_set(error, ERROR_INVALID, "\"%.100s\" is no JSON pointer such as /spec/users", pointer);
    }
    rest++;
    for (char *text; (text = strsep(&rest, "/")); count++) {
        if (count == MOST_PARTS) {
            return error_set(error, ERROR_LIMIT, "\"%.100s\" has more than %d parts", pointer, MOST_PARTS);
        }
        if (!unescape(text, &parts[count].length)) {
            return error_set(error, ERROR_INVALID, "\"%.100s\": behind ~ stands 0 or 1", pointer);
        }
        parts[count].text = text;
    }
    mask->parts[mask->count] = parts;
    mask->lengths[mask->count++] = count;
    return true;
}

bool decision_mask_new(const char *const *pointers, size_t count, struct decision_mask **ret_mask,
                       struct error *error) {
    if (count > MOST_MASK_POINTERS) {
        return error_set(error, ERROR_LIMIT, "more than %d places", MOST_MASK_POINTERS);
    }
    CLEANUP(decision_mask_free) struct decision_mask *mask = memory_calloc(1, sizeof(*mask));
    mask->arena = arena_new();
    for (size_t i = 0; i < count; i++) {
        if (!read_pointer(mask, pointers[i], error)) {
            return false;
        }
    }
    *ret_mask = decision_mask_free_take(&mask);
    return true;
}

// --- what looks secret ---

static bool ends_with(const char *text, size_t length, const char *ending) {
    size_t wanted = strlen(ending);
    return length >= wanted && memcmp(text + length - wanted, ending, wanted) == 0;
}

// A name of a secret is none: secretName, tokenSecretRef, dataSecretName.
static bool is_reference(const char *key, size_t length) {
    static const char *const endings[] = {"ref", "refs", "reference", "references", "name", "names"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (ends_with(key, length, endings[i])) {
            return true;
        }
    }
    return false;
}

// bootstrapToken, AWS_SECRET_ACCESS_KEY, db-password
static bool is_secret_key(const char *key, size_t length) {
    static const char *const words[] = {"kubeconfig", "token",  "password",   "passwd",
                                        "passphrase", "secret", "credential", "privatekey"};
    char low[LONGEST_KEY + 1];
    size_t kept = 0;
    for (size_t i = 0; i < length && kept < LONGEST_KEY; i++) {
        if (key[i] != '_' && key[i] != '-') {
            low[kept++] = (char)tolower((unsigned char)key[i]);
        }
    }
    low[kept] = '\0';
    if (is_reference(low, kept)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(low, words[i])) {
            return true;
        }
    }
    return false;
}

static bool key_is(const char *key, size_t length, const char *wanted) {
    return length == strlen(wanted) && memcmp(key, wanted, length) == 0;
}

// https://user:password@host
static bool has_credentials(const char *text, size_t length) {
    const char *scheme = memmem(text, length, "://", 3);
    if (!scheme) {
        return false;
    }
    const char *host = scheme + 3;
    size_t rest = length - (size_t)(host - text);
    const char *at = memchr(host, '@', rest);
    const char *slash = memchr(host, '/', rest);
    return at && (!slash || at < slash) && memchr(host, ':', (size_t)(at - host));
}

static bool looks_secret(const char *text, size_t length) {
    static const char key[] = "PRIVATE KEY-----";
    return memmem(text, length, key, sizeof(key) - 1) || has_credentials(text, length);
}

// --- the walk ---

enum secrecy { OPEN, MASK_TEXTS, MASK_ALL }; // MASK_TEXTS: what only its name makes secret

struct walk {
    const struct decision_mask *mask;
    bool is_secret;
    struct buffer path; // of the node, as a JSON pointer
    struct buffer *text, *places;
};

struct position {
    size_t depth;
    uint64_t matching;    // pointers of the mask that match so far
    enum secrecy secrecy; // what the places above say
    const char *parent;   // key of the list or map that it is in; "" at the root
    size_t parent_length;
    bool named_secret; // the value of {name: DB_PASSWORD, value: …}
};

static void add_place(struct walk *walk) {
    if (walk->places->length > 0) {
        buffer_append_char(walk->places, ',');
    }
    json_string_append(walk->places, buffer_text(&walk->path), walk->path.length);
}

static uint64_t narrow(const struct decision_mask *mask, uint64_t matching, size_t depth, const char *part,
                       size_t length, bool *ret_reached) {
    uint64_t left = 0;
    for (uint64_t rest = matching; rest; rest &= rest - 1) {
        int i = __builtin_ctzll(rest);
        const struct part *wanted = &mask->parts[i][depth];
        if (key_is(part, length, wanted->text) || key_is(wanted->text, wanted->length, "*")) {
            bool ends = depth + 1 == mask->lengths[i];
            *ret_reached |= ends;
            left |= ends ? 0 : (uint64_t)1 << i;
        }
    }
    return left;
}

static enum secrecy of_place(bool is_secret, const struct position *position, const char *key,
                             size_t length) {
    if (is_secret && position->depth == 0 &&
        (key_is(key, length, "data") || key_is(key, length, "stringData"))) {
        return MASK_ALL;
    }
    if (key_is(key, length, "kubectl.kubernetes.io/last-applied-configuration")) {
        return MASK_ALL;
    }
    // Files of KubeadmConfigs and Ignition hold keys and tokens as their content.
    bool is_content =
        key_is(key, length, "content") && key_is(position->parent, position->parent_length, "files");
    bool is_named = position->named_secret && key_is(key, length, "value");
    return is_content || is_named || is_secret_key(key, length) ? MASK_TEXTS : OPEN;
}

// {name: admin-token, key: value} under a key like password says where the secret is, not what it is.
static bool is_pointer_to(const struct node *map) {
    static const char *const keys[] = {"name",       "namespace", "key",     "kind",
                                       "apiVersion", "apiGroup",  "optional"};
    if (!node_is(map, NODE_MAP) || !node_get(map, "name")) {
        return false;
    }
    NODE_EACH(member, map) {
        bool known = false;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            known |= key_is(member->key, member->key_length, keys[i]);
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

static enum secrecy stricter(enum secrecy a, enum secrecy b) {
    return a > b ? a : b;
}

static void append_scalar(struct walk *walk, const struct node *node, const struct position *position,
                          bool counted) {
    bool is_text = node->type == NODE_STRING;
    bool looks = is_text && position->secrecy == OPEN && looks_secret(node->value.string, node->length);
    bool masked = looks || (position->secrecy == MASK_ALL && node->type != NODE_NULL) ||
                  (position->secrecy == MASK_TEXTS && (is_text || node->type >= NODE_INTEGER));
    if (!masked) {
        json_canonical_append(walk->text, node);
        return;
    }
    buffer_append_text(walk->text, "\"***\"");
    if (!counted) {
        add_place(walk);
    }
}

static void append_key(struct buffer *path, const char *key, size_t length) {
    buffer_append_char(path, '/');
    for (size_t i = 0; i < length; i++) {
        key[i] == '~'   ? buffer_append_text(path, "~0")
        : key[i] == '/' ? buffer_append_text(path, "~1")
                        : buffer_append_char(path, key[i]);
    }
}

static bool names_secret(const struct node *map) {
    const struct node *name = node_get(map, "name");
    return node_is(name, NODE_STRING) && is_secret_key(name->value.string, name->length);
}

static void append_node(struct walk *walk, const struct node *node, const struct position *position,
                        bool counted);

static void append_child(struct walk *walk, const struct node *child, const struct position *above,
                         size_t index, bool counted) {
    char number[24];
    const char *part = child->key;
    size_t length = child->key_length;
    struct position position = *above;
    if (!part) {
        struct buffer digits;
        buffer_init(&digits, sizeof(number) - 1);
        json_integer_append(&digits, (int64_t)index);
        length = digits.length;
        memcpy(number, buffer_text(&digits), length + 1);
        buffer_clear(&digits);
        part = number;
    }
    bool reached = false;
    if (above->matching) {
        position.matching = narrow(walk->mask, above->matching, above->depth, part, length, &reached);
    }
    if (child->key) {
        enum secrecy own = of_place(walk->is_secret, above, part, length);
        own = own == MASK_TEXTS && is_pointer_to(child) ? OPEN : own;
        position.secrecy = stricter(above->secrecy, own);
        position.parent = part;
        position.parent_length = length;
    }
    position.secrecy = reached ? MASK_ALL : position.secrecy;
    position.depth++;
    size_t mark = walk->path.length;
    append_key(&walk->path, part, length);
    append_node(walk, child, &position, counted);
    buffer_truncate(&walk->path, mark);
}

// counted: a place above is listed, and says it for what is below.
static void append_node(struct walk *walk, const struct node *node, const struct position *position,
                        bool counted) {
    if (walk->text->cut) {
        return;
    }
    if (node->type != NODE_LIST && node->type != NODE_MAP) {
        append_scalar(walk, node, position, counted);
        return;
    }
    bool is_map = node->type == NODE_MAP;
    if (position->secrecy != OPEN && !counted && node->length > 0) {
        add_place(walk);
        counted = true;
    }
    struct position inside = *position;
    inside.named_secret = is_map && names_secret(node);
    size_t index = 0;
    buffer_append_char(walk->text, is_map ? '{' : '[');
    NODE_EACH(child, node) {
        buffer_append_text(walk->text, index > 0 ? "," : "");
        if (is_map) {
            json_string_append(walk->text, child->key, child->key_length);
            buffer_append_char(walk->text, ':');
        }
        append_child(walk, child, &inside, index++, counted);
    }
    buffer_append_char(walk->text, is_map ? '}' : ']');
}

static uint64_t all_of(const struct decision_mask *mask) {
    size_t count = mask ? mask->count : 0;
    return count == 0 ? 0 : UINT64_MAX >> (MOST_MASK_POINTERS - count);
}

void decision_mask_append(const struct decision_mask *mask, const struct node *object, bool is_secret,
                          const char *name, struct buffer *text, struct buffer *places) {
    struct walk walk = {.mask = mask, .is_secret = is_secret, .text = text, .places = places};
    const struct position start = {.matching = all_of(mask), .parent = ""};
    buffer_init(&walk.path, LONGEST_PATH);
    append_key(&walk.path, name, strlen(name));
    append_node(&walk, object, &start, false);
    buffer_clear(&walk.path);
}

bool decision_mask_covers(const struct decision_mask *mask, const char *pointer, bool is_secret) {
    CLEANUP(free) char *copy = memory_strdup(pointer);
    char *rest = copy;
    struct position position = {.matching = all_of(mask), .parent = ""};
    strsep(&rest, "/"); // nothing stands before the first one
    for (char *part; rest && (part = strsep(&rest, "/")); position.depth++) {
        size_t length = strlen(part);
        bool reached = false;
        if (unescape(part, &length) && position.matching) {
            position.matching = narrow(mask, position.matching, position.depth, part, length, &reached);
        }
        if (reached || of_place(is_secret, &position, part, length) != OPEN) {
            return true;
        }
        if (strspn(part, "0123456789-") < length) {
            position.parent = part;
            position.parent_length = length;
        }
    }
    return false;
}
