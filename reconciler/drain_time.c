#include "reconciler/drain_time.h"

#include "base/field_path.h"

#include <string.h>

// Years: no sum of them comes near what a double holds exactly.
static const double longest_duration_s = 1e9;

static double unit_seconds(const char *unit, size_t length) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strlen(units[i].name) == length && strncmp(units[i].name, unit, length) == 0) {
            return units[i].seconds;
        }
    }
    return 0;
}

// "1.5" at *cursor; not strtod, which reads exponents, signs and the locale's comma.
static bool read_decimal(const char **cursor, double *ret_number) {
    const char *at = *cursor;
    double number = 0;
    double place = 1;
    bool has_digit = false;
    bool has_point = false;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !has_point); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        has_digit = true;
        place = has_point ? place / 10 : 1;
        number = has_point ? number + (*at - '0') * place : number * 10 + (*at - '0');
    }
    *cursor = at;
    *ret_number = number;
    return has_digit;
}

bool duration_read(const char *text, int64_t *ret_seconds) {
    if (strcmp(text, "0") == 0) {
        *ret_seconds = 0;
        return true;
    }
    double sum = 0;
    const char *at = text;
    do {
        double number;
        if (!read_decimal(&at, &number)) {
            return false;
        }
        size_t length = strspn(at, "hmsun");
        double unit = unit_seconds(at, length);
        sum += number * unit;
        if (unit <= 0 || !(sum <= longest_duration_s)) {
            return false;
        }
        at += length;
    } while (*at);
    int64_t whole = (int64_t)sum;
    // Tenths are not exact in a double; a nanosecond is the least that counts.
    *ret_seconds = whole + (sum - (double)whole > 5e-10);
    return true;
}

static int64_t within_limit(int64_t seconds) {
    return seconds <= 0 || seconds > DRAIN_LONGEST_S ? DRAIN_LONGEST_S : seconds;
}

// The map that holds nodeDrainTimeout, or deletion.nodeDrainTimeoutSeconds.
static bool read_holder(const struct node *holder, int64_t *ret_seconds, struct error *error) {
    const struct node *seconds = node_get(node_get(holder, "deletion"), "nodeDrainTimeoutSeconds");
    const struct node *text = node_get(holder, "nodeDrainTimeout");
    int64_t value;
    if (seconds && !node_is(seconds, NODE_NULL)) {
        if (!node_integer(seconds, &value) || value < 0) {
            return error_set(error, ERROR_INVALID, "nodeDrainTimeoutSeconds is not a number of seconds");
        }
        *ret_seconds = within_limit(value);
        return true;
    }
    if (!text || node_is(text, NODE_NULL)) {
        return true;
    }
    const char *duration = text->unknown ? NULL : node_string(text);
    if (!duration || !duration_read(duration, &value)) {
        return error_set(error, ERROR_INVALID, "nodeDrainTimeout is not a duration like 5m");
    }
    *ret_seconds = within_limit(value);
    return true;
}

static const struct node *find_topology_pool(const struct node *workers, const char *list, const char *pool) {
    NODE_EACH(item, node_get(workers, list)) {
        const char *name = node_string(node_get(item, "name"));
        if (name && strcmp(name, pool) == 0) {
            return item;
        }
    }
    return NULL;
}

bool drain_time_read(const struct node *object, const char *pool, int64_t *ret_seconds, struct error *error) {
    const char *kind = node_string(node_get(object, "kind"));
    const struct node *spec = node_get(object, "spec");
    if (!kind) {
        return true;
    }
    if (strcmp(kind, "Cluster") == 0) {
        const struct node *workers = node_get(node_get(spec, "topology"), "workers");
        const struct node *item = find_topology_pool(workers, "machineDeployments", pool);
        item = item ? item : find_topology_pool(workers, "machinePools", pool);
        return read_holder(item, ret_seconds, error);
    }
    if (strcmp(kind, "Machine") == 0) {
        return read_holder(spec, ret_seconds, error);
    }
    return read_holder(node_get(node_get(spec, "template"), "spec"), ret_seconds, error);
}
