// Lines as changes of objects, a letter, a name's digit and JSON ("c0 {...}": create, replace, patch, status,
// delete): a database that keeps the manners of an API server, whoever writes.
#include "tests/fuzz/fuzz.h"

#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "embedded/object_database.h"
#include "embedded/object_manners.h"

enum { MOST_LINES = 40 };
static const char names[][2] = {"a", "b", "c"};

static struct object_key key_of(char digit) {
    unsigned number = (unsigned)(digit - '0') % 6;
    struct object_key key = {.group = "cluster.x-k8s.io", .kind = "Cluster", .namespace = "prod"};
    if (number >= 3) {
        key.group = "";
        key.kind = "Secret";
    }
    key.name = names[number % 3];
    return key;
}

static int64_t fixed_time(void *cookie) {
    (void)cookie;
    return 1800000000000;
}

static struct object_database *open_database(void) {
    const struct object_database_options options = {.wall_ms = fixed_time, .uid_seed = 1};
    struct object_database *database = NULL;
    struct error error = {0};
    require(object_database_open(&options, &database, &error), "a database in memory opens");
    return database;
}

// NULL: it is not there.
static struct document *read_object(struct object_database *database, const struct object_key *key) {
    struct document *document = NULL;
    struct error error = {0};
    bool is_read = object_database_read(database, key, &document, &error);
    require(is_read || error.kind == ERROR_NOT_FOUND, "what is stored is read");
    return document;
}

static bool is_same(const struct document *a, const struct document *b) {
    return a && b ? node_equal(document_root(a), document_root(b)) : !a && !b;
}

static bool change(struct object_database *database, char letter, const struct object_key *key,
                   const struct node *object, struct document **ret_document, struct error *error) {
    switch (letter) {
    case 'c':
        return object_database_create(database, key, object, ret_document, error);
    case 'r':
        return object_database_replace(database, key, object, ret_document, error);
    case 'p':
        return object_database_patch(database, key, NULL, object, ret_document, error);
    case 's':
        return object_database_patch(database, key, "status", object, ret_document, error);
    case 'd':
        return object_database_remove(database, key, node_string(object), ret_document, error);
    default:
        return error_set(error, ERROR_INVALID, "no such change");
    }
}

static bool is_same_but_status(const struct node *a, const struct node *b) {
    NODE_EACH(member, a) {
        bool may_differ = strcmp(member->key, "status") == 0 || strcmp(member->key, "metadata") == 0;
        if (!may_differ && !node_equal(member, node_get(b, member->key))) {
            return false;
        }
    }
    return true;
}

static void check_stamps(const struct document *before, const struct document *after, char letter) {
    struct object_stamp old, new;
    object_stamp_read(document_root(before), &old);
    object_stamp_read(document_root(after), &new);
    require(strcmp(old.uid, new.uid) == 0 && strcmp(old.created, new.created) == 0, "it is the same one");
    require(new.generation >= old.generation &&new.version >= old.version, "numbers only grow");
    require((new.version == old.version) == is_same(before, after),
            "a change has a number, nothing has none");
    if (letter == 's') {
        require(new.generation == old.generation, "status is no new generation");
        require(is_same_but_status(document_root(before), document_root(after)), "status is apart");
    } else if (letter != 'd') {
        const struct node *was = node_get(document_root(before), "status");
        require(node_equal(was, node_get(document_root(after), "status")), "status stays");
    }
}

// Writing what is stored, or what was just written, changes nothing.
static void check_again(struct object_database *database, char letter, const struct object_key *key,
                        const struct node *object, const struct document *stored) {
    CLEANUP(document_free) struct document *again = NULL;
    struct error error = {0};
    bool is_done = change(database, letter, key, object, &again, &error);
    require(is_done || error.kind == ERROR_CONFLICT, "what was written may be written");
    require(!is_done || is_same(stored, again), "what is the same changes nothing");
}

static void check_created(const struct document *after) {
    struct object_stamp stamp;
    object_stamp_read(document_root(after), &stamp);
    require(stamp.generation == 1 && *stamp.uid && *stamp.created && stamp.version > 0, "it is new");
    require(!*stamp.deleted, "what is new is not being deleted");
}

static void run_line(struct object_database *database, const char *line) {
    CLEANUP(document_free) struct document *object = NULL;
    struct error error = {0};
    if (strlen(line) < 4 ||
        !json_read_copy(line + 3, strlen(line + 3), &document_default_limits, &object, &error)) {
        return;
    }
    const struct object_key key = key_of(line[1]);
    CLEANUP(document_free) struct document *before = read_object(database, &key);
    CLEANUP(document_free) struct document *told = NULL;
    bool is_done = change(database, line[0], &key, document_root(object), &told, &error);
    CLEANUP(document_free) struct document *after = read_object(database, &key);
    if (!is_done) {
        require(!told && *error.message && error.kind != ERROR_IO, "it is refused with words");
        require(is_same(before, after), "what fails changes nothing");
        return;
    }
    require(told != NULL, "it is told what became of it");
    if (!after) {
        return;
    }
    require(is_same(told, after), "what was told is what is stored");
    if (before) {
        check_stamps(before, after, line[0]);
    } else {
        check_created(after);
    }
    check_again(database, 'r', &key, document_root(after), after);
    check_again(database, line[0] == 'c' ? 'r' : line[0], &key, document_root(object), after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    CLEANUP(object_database_close) struct object_database *database = open_database();
    const char *rest = text;
    for (unsigned i = 0; rest && i < MOST_LINES; i++) {
        CLEANUP(free) char *line = fuzz_part(&rest, "\n");
        run_line(database, line);
    }
    return 0;
}
