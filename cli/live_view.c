#include "cli/live_view.h"

#include "base/memory.h"
#include "cli/progress_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAW_MS = 100,
    HOLD_MS = 1000,
    MOST_NAME = 1024,
    MOST_DRAWN_ROWS = 200,
    MOST_OUTPUT = 1024 * 1024,
    BAR_COLUMNS = 8,
    PHASE_COLUMNS = 12, // "Provisioning"
    LEAST_NAME_COLUMNS = 8,
    MOST_NAME_COLUMNS = 40,
    LEAST_ROWS = 4, // of clusters, however low the terminal is
};

struct live_view {
    struct live_view_options options;
    struct progress_table table;
    struct buffer messages; // that are not on the terminal yet
    size_t drawn_rows;      // of the picture that is there
    bool dirty;
    event_timer timer; // of the next picture, or of what is held
    unsigned turns;    // of the spinner
};

static void write_out(const struct live_view *view, const struct buffer *text) {
    const char *data = buffer_text(text);
    size_t left = text->length;
    while (left > 0) {
        ssize_t written = write(view->options.descriptor, data, left);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return; // nobody reads it any more; the work goes on
        }
        data += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
}

// ---- one row ----

struct columns {
    size_t name, version, all;
};

static const struct {
    const char *color, *sign, *plain_sign;
} looks[] = {
    [PROGRESS_IDLE] = {TERMINAL_GREEN, "✓", "+"},     [PROGRESS_WORKING] = {TERMINAL_CYAN, "●", "*"},
    [PROGRESS_WAITING] = {TERMINAL_YELLOW, "◌", "."}, [PROGRESS_REFUSED] = {TERMINAL_RED, "✗", "x"},
    [PROGRESS_FAILED] = {TERMINAL_RED, "!", "!"},
};

static const char *spinner(const struct live_view *view) {
    static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const ascii[] = {"|", "/", "-", "\\"};
    return view->options.terminal.unicode ? braille[view->turns % 10] : ascii[view->turns % 4];
}

static void append_bar(struct buffer *line, const struct live_view *view, const struct progress_row *row) {
    const struct terminal *terminal = &view->options.terminal;
    char count[64];
    if (row->wanted <= 0) {
        terminal_append_fit(line, "", BAR_COLUMNS + 10, terminal->unicode, true);
        return;
    }
    int64_t ready = row->ready < row->wanted ? row->ready : row->wanted;
    int64_t full = ready > 0 ? (ready * BAR_COLUMNS + row->wanted - 1) / row->wanted : 0;
    full = ready < row->wanted && full == BAR_COLUMNS ? BAR_COLUMNS - 1 : full;
    CLEANUP(buffer_clear) struct buffer bar;
    buffer_init(&bar, 256);
    for (int64_t i = 0; i < BAR_COLUMNS; i++) {
        buffer_append_text(&bar, i < full ? (terminal->unicode ? "█" : "#") : terminal->unicode ? "░" : "-");
    }
    terminal_append(line, terminal, looks[row->state].color, buffer_text(&bar));
    buffer_append_char(line, ' ');
    snprintf(count, sizeof(count), "%" PRId64 "/%" PRId64, row->ready, row->wanted);
    terminal_append_fit(line, count, 9, terminal->unicode, true);
}

static void append_row(struct buffer *line, const struct live_view *view, const struct progress_row *row,
                       const struct columns *columns) {
    const struct terminal *terminal = &view->options.terminal;
    const char *sign = row->state == PROGRESS_WORKING ? spinner(view)
                       : terminal->unicode            ? looks[row->state].sign
                                                      : looks[row->state].plain_sign;
    terminal_append(line, terminal, looks[row->state].color, sign);
    buffer_append_char(line, ' ');
    terminal_append_fit(line, row->name, columns->name, terminal->unicode, true);
    size_t used = 2 + columns->name;
    if (used + 2 + PHASE_COLUMNS + 1 + columns->version < columns->all) {
        buffer_append_text(line, "  ");
        terminal_append_fit(line, row->phase, PHASE_COLUMNS, terminal->unicode, true);
        buffer_append_char(line, ' ');
        terminal_append_fit(line, row->version, columns->version, terminal->unicode, true);
        used += 3 + PHASE_COLUMNS + columns->version;
    }
    if (used + 2 + BAR_COLUMNS + 10 < columns->all) {
        buffer_append_text(line, "  ");
        append_bar(line, view, row);
        used += 2 + BAR_COLUMNS + 10;
    }
    if (used + 2 < columns->all) {
        buffer_append_char(line, ' ');
        terminal_append_fit(line, row->doing, columns->all - used - 1, terminal->unicode, false);
    }
}

static struct columns choose_columns(const struct progress_row *const *rows, size_t count, size_t all) {
    struct columns columns = {.name = LEAST_NAME_COLUMNS, .version = 7, .all = all};
    for (size_t i = 0; i < count; i++) {
        size_t name = terminal_width(rows[i]->name);
        size_t version = terminal_width(rows[i]->version);
        columns.name = name > columns.name ? name : columns.name;
        columns.version = version > columns.version ? version : columns.version;
    }
    size_t most = all / 3 > LEAST_NAME_COLUMNS ? all / 3 : LEAST_NAME_COLUMNS;
    most = most < MOST_NAME_COLUMNS ? most : MOST_NAME_COLUMNS;
    columns.name = columns.name < most ? columns.name : most;
    columns.version = columns.version < 16 ? columns.version : 16;
    return columns;
}

// ---- the picture ----

static void append_count(struct buffer *line, size_t count, const char *what) {
    if (count > 0) {
        buffer_printf(line, ", %zu %s", count, what);
    }
}

static void describe_fleet(struct buffer *line, const struct live_view *view) {
    struct progress_counts counts = progress_table_count(&view->table);
    buffer_printf(line, "%s: %zu %s", view->options.title, counts.clusters,
                  counts.clusters == 1 ? "cluster" : "clusters");
    append_count(line, counts.idle, "as they should be");
    append_count(line, counts.working, "at work");
    append_count(line, counts.waiting, "waiting");
    append_count(line, counts.refused, "refused");
    append_count(line, counts.failed, "failed");
}

static void append_title(struct buffer *out, const struct live_view *view, size_t columns) {
    CLEANUP(buffer_clear) struct buffer line, fitted;
    buffer_init(&line, MOST_OUTPUT);
    buffer_init(&fitted, MOST_OUTPUT);
    describe_fleet(&line, view);
    terminal_append_fit(&fitted, buffer_text(&line), columns, view->options.terminal.unicode, false);
    terminal_append(out, &view->options.terminal, TERMINAL_BOLD, buffer_text(&fitted));
    buffer_append_text(out, "\033[K\n");
}

static size_t append_picture(struct buffer *out, const struct live_view *view) {
    size_t columns_there, rows_there;
    terminal_size(view->options.descriptor, &columns_there, &rows_there);
    // Title, "and more", and the line on which the cursor stands.
    size_t most = rows_there > LEAST_ROWS + 3 ? rows_there - 3 : LEAST_ROWS;
    most = most < MOST_DRAWN_ROWS ? most : MOST_DRAWN_ROWS;
    const struct progress_row *rows[MOST_DRAWN_ROWS];
    size_t count = progress_table_pick(&view->table, rows, most);
    struct columns columns = choose_columns(rows, count, columns_there - 1);
    append_title(out, view, columns.all);
    for (size_t i = 0; i < count; i++) {
        append_row(out, view, rows[i], &columns);
        buffer_append_text(out, "\033[K\n");
    }
    size_t more = view->table.count - count;
    if (more > 0) {
        buffer_printf(out, "  and %zu more\033[K\n", more);
    }
    return 1 + count + (more > 0);
}

// The cursor is hidden only while it moves: however this process ends, it is there.
static void draw(struct live_view *view) {
    CLEANUP(buffer_clear) struct buffer out;
    buffer_init(&out, MOST_OUTPUT);
    buffer_append_text(&out, "\033[?25l");
    if (view->drawn_rows > 0) {
        buffer_printf(&out, "\r\033[%zuA", view->drawn_rows);
    }
    if (view->messages.length > 0) {
        buffer_append_text(&out, "\033[J");
        buffer_append(&out, view->messages.data, view->messages.length);
        buffer_truncate(&view->messages, 0);
    }
    view->drawn_rows = append_picture(&out, view);
    buffer_append_text(&out, "\033[J\033[?25h");
    write_out(view, &out);
    view->dirty = false;
    view->turns++;
}

static void schedule(struct live_view *view);

static void draw_due(void *cookie) {
    struct live_view *view = cookie;
    view->timer = 0;
    draw(view);
    // The spinner turns as long as something works.
    if (progress_table_count(&view->table).working > 0) {
        schedule(view);
    }
}

static void schedule(struct live_view *view) {
    view->dirty = true;
    if (view->timer == 0) {
        view->timer = event_loop_after(view->options.loop, DRAW_MS, draw_due, view);
    }
}

// ---- what is told ----

struct live_view *live_view_new(const struct live_view_options *options) {
    struct live_view *view = memory_calloc(1, sizeof(*view));
    view->options = *options;
    buffer_init(&view->messages, MOST_OUTPUT);
    if (options->terminal.is_terminal && !options->quiet) {
        schedule(view);
    }
    return view;
}

static bool is_live(const struct live_view *view) {
    return view->options.terminal.is_terminal && !view->options.quiet;
}

static void write_line(const struct live_view *view, const char *name, const char *news) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, MOST_OUTPUT);
    if (news && !view->options.quiet) {
        buffer_printf(&line, "%s  %s\n", name, news);
        write_out(view, &line);
    }
}

static void tell_held(void *cookie) {
    struct live_view *view = cookie;
    view->timer = 0;
    for (size_t i = 0; i < view->table.count; i++) {
        struct progress_row *row = view->table.rows[i];
        if (row->held) {
            write_line(view, row->name, progress_row_tell(row));
        }
    }
}

// A wait that is over in a moment is not worth a line: objects of one cluster come one after the other.
static void tell_plain(struct live_view *view, const struct cluster_progress *progress,
                       struct progress_row *row) {
    char name[MOST_NAME];
    snprintf(name, sizeof(name), "%s/%s", progress->namespace, progress->name);
    // A fleet that was so before is summed up in the end.
    bool was_so = row && row->state == PROGRESS_IDLE && !*row->told;
    if (was_so) {
        (void)progress_row_tell(row);
    } else if (row && row->state == PROGRESS_WAITING) {
        row->held = true;
        view->timer =
            view->timer ? view->timer : event_loop_after(view->options.loop, HOLD_MS, tell_held, view);
    } else {
        write_line(view, name, row ? progress_row_tell(row) : "gone");
    }
}

bool live_view_cluster(struct live_view *view, const struct cluster_progress *progress) {
    struct progress_row *row = NULL;
    if (!progress_table_put(&view->table, progress, &row)) {
        return false;
    }
    if (is_live(view)) {
        schedule(view);
    } else {
        tell_plain(view, progress, row);
    }
    return true;
}

void live_view_say(struct live_view *view, enum live_tone tone, const char *text) {
    static const char *const colors[] = {
        [TONE_GOOD] = TERMINAL_GREEN, [TONE_WARNING] = TERMINAL_YELLOW, [TONE_BAD] = TERMINAL_RED};
    if (view->options.quiet && tone < TONE_WARNING) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer first, out;
    buffer_init(&first, MOST_OUTPUT);
    buffer_init(&out, MOST_OUTPUT);
    size_t length = strcspn(text, "\n");
    buffer_append(&first, text, length);
    if (colors[tone]) {
        terminal_append(&out, &view->options.terminal, colors[tone], buffer_text(&first));
    } else {
        buffer_append_text(&out, buffer_text(&first));
    }
    buffer_append_text(&out, text + length);
    buffer_append_char(&out, '\n');
    if (!is_live(view)) {
        write_out(view, &out);
        return;
    }
    buffer_append(&view->messages, out.data, out.length);
    schedule(view);
}

void live_view_resized(struct live_view *view) {
    if (is_live(view)) {
        schedule(view);
    }
}

static void tell_sum(const struct live_view *view) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, MOST_OUTPUT);
    if (!view->options.quiet && view->table.count > 0) {
        describe_fleet(&line, view);
        buffer_append_char(&line, '\n');
        write_out(view, &line);
    }
}

void live_view_free(struct live_view *view) {
    if (!view) {
        return;
    }
    event_loop_cancel(view->options.loop, view->timer);
    if (!is_live(view)) {
        tell_held(view);
        tell_sum(view);
    } else if (view->dirty || view->messages.length > 0) {
        draw(view);
    }
    progress_table_clear(&view->table);
    buffer_clear(&view->messages);
    free(view);
}
