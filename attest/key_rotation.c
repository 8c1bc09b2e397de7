#include "attest/key_rotation.h"

#include "attest/key_file.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = 512 };

static bool ring_has(const struct key_ring *ring, const char *id) {
    for (size_t i = 0; ring && i < key_ring_count(ring); i++) {
        if (strcmp(key_ring_id(ring, i), id) == 0) {
            return true;
        }
    }
    return false;
}

// ring may be NULL.
static void choose_id(const struct key_ring *ring, char ret_id[KEY_ID_BYTES]) {
    time_t now = time(NULL);
    struct tm utc;
    char day[16];
    gmtime_r(&now, &utc);
    strftime(day, sizeof(day), "%Y-%m-%d", &utc);
    snprintf(ret_id, KEY_ID_BYTES, "%s", day);
    for (unsigned n = 2; ring_has(ring, ret_id); n++) {
        snprintf(ret_id, KEY_ID_BYTES, "%s-%u", day, n);
    }
}

static bool append_new(struct key_text *text, const char *id, struct error *error) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, LINE_BYTES);
    if (!key_ring_new_line(id, &line, error)) {
        return false;
    }
    bool fits = key_text_append(text, buffer_text(&line), line.length);
    OPENSSL_cleanse(line.data, line.length);
    return fits || error_set(error, ERROR_LIMIT, "there is no room for another key");
}

static bool fill_id(const char *id, const struct key_ring *ring, char ret_id[KEY_ID_BYTES],
                    struct error *error) {
    if (!id) {
        choose_id(ring, ret_id);
        return true;
    }
    if (snprintf(ret_id, KEY_ID_BYTES, "%s", id) >= KEY_ID_BYTES) {
        return error_set(error, ERROR_INVALID, "%s: an ID is of a-z, 0-9 and -, at most %d", id,
                         KEY_ID_BYTES - 1);
    }
    return true;
}

bool key_rotation_begin(const char *path, const char *id, char ret_id[KEY_ID_BYTES], struct error *error) {
    CLEANUP(key_text_clear) struct key_text text = {0};
    char chosen[KEY_ID_BYTES];
    if (!fill_id(id, NULL, chosen, error) || !append_new(&text, chosen, error) ||
        !key_file_create(path, &text, error)) {
        return false;
    }
    if (ret_id) {
        memcpy(ret_id, chosen, sizeof(chosen));
    }
    return true;
}

// ---- lines ----

static size_t line_length(const char *line, const char *end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    return newline ? (size_t)(newline - line) + 1 : (size_t)(end - line);
}

static bool is_key(const char *line, size_t length) {
    return length > 0 && *line != '#' && strspn(line, " \t\r\n") < length;
}

static bool is_line_of(const char *line, size_t length, const char *id) {
    size_t id_length = strlen(id);
    return length > id_length && memcmp(line, id, id_length) == 0 &&
           (line[id_length] == ' ' || line[id_length] == '\t');
}

static bool append_line(struct key_text *text, const char *line, size_t length) {
    bool is_ended = length > 0 && line[length - 1] == '\n';
    return key_text_append(text, line, length) && (is_ended || key_text_append(text, "\n", 1));
}

// The text without the key's line, or with that line before all other keys. bytes are followed by a NUL.
static bool move_line(const struct key_text *text, const char *id, bool to_front, struct key_text *ret_text) {
    const char *end = text->bytes + text->length;
    const char *moved = text->bytes;
    while (moved < end && !is_line_of(moved, line_length(moved, end), id)) {
        moved += line_length(moved, end);
    }
    bool fits = true;
    for (const char *line = text->bytes; line < end; line += line_length(line, end)) {
        size_t length = line_length(line, end);
        if (to_front && is_key(line, length)) {
            fits = fits && append_line(ret_text, moved, line_length(moved, end));
            to_front = false;
        }
        fits = fits && (line == moved || append_line(ret_text, line, length));
    }
    return fits;
}

static bool edit(const struct key_text *text, enum key_step step, const char *id, struct key_text *ret_text,
                 struct error *error) {
    if (step != KEY_STEP_ADD) {
        return move_line(text, id, step == KEY_STEP_USE, ret_text) ||
               error_set(error, ERROR_LIMIT, "the file is too large");
    }
    bool fits = text->length == 0 || append_line(ret_text, text->bytes, text->length);
    return fits ? append_new(ret_text, id, error) : error_set(error, ERROR_LIMIT, "the file is too large");
}

static bool check_step(const struct key_ring *ring, enum key_step step, const char *id, const char *path,
                       struct error *error) {
    bool is_there = ring_has(ring, id);
    if (step == KEY_STEP_ADD) {
        return !is_there || error_set(error, ERROR_CONFLICT, "%s: the key %s is there already", path, id);
    }
    if (!is_there) {
        return error_set(error, ERROR_NOT_FOUND, "%s: there is no key %s", path, id);
    }
    if (step == KEY_STEP_DROP && strcmp(key_ring_id(ring, 0), id) == 0) {
        return error_set(error, ERROR_CONFLICT, "%s: the key %s signs; let another one sign first", path, id);
    }
    return true;
}

bool key_rotation_step(const char *path, enum key_step step, const char *id, char ret_id[KEY_ID_BYTES],
                       struct error *error) {
    CLEANUP(key_text_clear) struct key_text text = {0};
    CLEANUP(key_text_clear) struct key_text edited = {0};
    CLEANUP(key_ring_unref) struct key_ring *ring = NULL;
    CLEANUP(key_ring_unref) struct key_ring *result = NULL;
    char chosen[KEY_ID_BYTES];
    if (!key_file_read(path, &text, error)) {
        return false;
    }
    text.bytes[text.length] = '\0';
    if (!key_ring_parse(text.bytes, text.length, path, &ring, error) || !fill_id(id, ring, chosen, error) ||
        !check_step(ring, step, chosen, path, error) || !edit(&text, step, chosen, &edited, error)) {
        return false;
    }
    // What would not load is not written.
    if (!key_ring_parse(edited.bytes, edited.length, path, &result, error) ||
        !key_file_replace(path, &edited, error)) {
        return false;
    }
    if (ret_id) {
        memcpy(ret_id, chosen, sizeof(chosen));
    }
    return true;
}
