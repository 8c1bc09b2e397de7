#include "cli/replay_line.h"

#include "base/memory.h"

static void keep(struct line_reader *reader, char byte) {
    if (reader->length + 1 >= reader->capacity) {
        reader->capacity = reader->capacity ? reader->capacity * 2 : 64 * 1024;
        reader->text = memory_realloc(reader->text, reader->capacity, 1);
    }
    reader->text[reader->length++] = byte;
    reader->text[reader->length] = '\0';
}

bool line_reader_next(struct line_reader *reader) {
    reader->length = 0;
    reader->too_long = false;
    bool any = false;
    for (int byte; (byte = getc_unlocked(reader->file)) != EOF && byte != '\n'; any = true) {
        if (reader->length < LONGEST_REPLAY_LINE) {
            keep(reader, (char)byte);
        } else {
            reader->too_long = true;
        }
    }
    if (!any && (feof(reader->file) || ferror(reader->file))) {
        return false;
    }
    if (reader->length == 0) {
        keep(reader, '\0');
        reader->length = 0;
    }
    reader->number++;
    return true;
}
