#include "reconciler/providers/sim_options.h"

#include "base/memory.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_PACE 0.001
#define MOST_PACE 100000.0

enum { MOST_REGION_NAME = 63, MOST_LIMIT = 1000000000 };

static const struct {
    const char *name, *argument, *help;
} settings_table[SIM_SETTINGS] = {
    [SIM_SETTING_PACE] = {"sim-pace", "FACTOR", "how much faster than real time the embedded cloud works"},
    [SIM_SETTING_SEED] = {"sim-seed", "NUMBER", "seed of its chances: the same one gives the same run"},
    [SIM_SETTING_REGION] = {"sim-region", "NAME[=CLUSTERS[,NODES]]",
                            "a region of it with its limits; again for each (without: any region)"},
    [SIM_SETTING_FAULT] = {"sim-fault", "NAME=PROBABILITY",
                           "how often a call or operation goes wrong; again for each"},
};

static const struct {
    const char *name;
    size_t offset;
} faults_table[] = {
    {"throttle", offsetof(struct sim_faults, throttle)},
    {"lost-request", offsetof(struct sim_faults, lost_request)},
    {"lost-answer", offsetof(struct sim_faults, lost_answer)},
    {"partial", offsetof(struct sim_faults, partial)},
    {"fails", offsetof(struct sim_faults, fails)},
    {"crash", offsetof(struct sim_faults, crash)},
};

const char *sim_setting_name(enum sim_setting setting) {
    return settings_table[setting].name;
}

const char *sim_setting_argument(enum sim_setting setting) {
    return settings_table[setting].argument;
}

const char *sim_setting_help(enum sim_setting setting) {
    return settings_table[setting].help;
}

void sim_settings_init(struct sim_settings *settings) {
    *settings = (struct sim_settings){.options.pace = 1};
}

void sim_settings_clear(struct sim_settings *settings) {
    for (size_t i = 0; i < settings->options.region_count; i++) {
        free((char *)settings->regions[i].name);
    }
    *settings = (struct sim_settings){0};
}

// A plain decimal number: strtod alone would take "inf", "0x1p3" and blanks before it.
static bool read_number(const char *text, double least, double most, double *ret_number) {
    size_t length = strlen(text);
    if (length == 0 || length > 32 || strspn(text, "0123456789.") != length ||
        !isdigit((unsigned char)*text)) {
        return false;
    }
    char *end;
    double number = strtod(text, &end);
    if (*end || number < least || number > most) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_count(const char *text, size_t length, int64_t *ret_count) {
    int64_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
        count = count * 10 + (text[i] - '0');
        if (count > MOST_LIMIT) {
            return false;
        }
    }
    *ret_count = count;
    return length > 0;
}

static bool read_pace(struct sim_settings *settings, const char *text, struct error *error) {
    return read_number(text, LEAST_PACE, MOST_PACE, &settings->options.pace) ||
           error_set(error, ERROR_INVALID, "\"%.40s\" is not a number from %g to %g", text, LEAST_PACE,
                     MOST_PACE);
}

static bool read_seed(struct sim_settings *settings, const char *text, struct error *error) {
    uint64_t seed = 0;
    const char *at = text;
    while (isdigit((unsigned char)*at) && !__builtin_mul_overflow(seed, (uint64_t)10, &seed) &&
           !__builtin_add_overflow(seed, (uint64_t)(*at - '0'), &seed)) {
        at++;
    }
    if (*at || at == text) {
        return error_set(error, ERROR_INVALID, "\"%.40s\" is not a whole number from 0 to %llu", text,
                         (unsigned long long)UINT64_MAX);
    }
    settings->options.seed = seed;
    return true;
}

static bool is_region_name(const char *name, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i])) {
            return false;
        }
    }
    return length > 0 && length <= MOST_REGION_NAME;
}

// "", "=CLUSTERS" or "=CLUSTERS,NODES".
static bool read_limits(const char *text, struct sim_region *ret_region) {
    if (!*text) {
        return true;
    }
    size_t clusters = strcspn(text + 1, ",");
    const char *rest = text + 1 + clusters;
    return read_count(text + 1, clusters, &ret_region->clusters) &&
           (!*rest || read_count(rest + 1, strlen(rest + 1), &ret_region->nodes));
}

static bool read_region(struct sim_settings *settings, const char *text, struct error *error) {
    size_t length = strcspn(text, "=");
    struct sim_region region = {0};
    if (!is_region_name(text, length)) {
        return error_set(error, ERROR_INVALID,
                         "\"%.40s\" does not begin with a name of 1 to %d letters, digits, -, . and _", text,
                         MOST_REGION_NAME);
    }
    if (!read_limits(text + length, &region)) {
        return error_set(error, ERROR_INVALID,
                         "\"%.100s\": behind = must be a number of clusters, or CLUSTERS,NODES (0: no limit)",
                         text);
    }
    size_t count = settings->options.region_count;
    for (size_t i = 0; i < count; i++) {
        if (strlen(settings->regions[i].name) == length &&
            memcmp(settings->regions[i].name, text, length) == 0) {
            return error_set(error, ERROR_INVALID, "region %s is there twice", settings->regions[i].name);
        }
    }
    if (count == SIM_MOST_REGIONS) {
        return error_set(error, ERROR_INVALID, "more than %d regions", SIM_MOST_REGIONS);
    }
    region.name = memory_copy_text(text, length);
    settings->regions[count] = region;
    settings->options.regions = settings->regions;
    settings->options.region_count = count + 1;
    return true;
}

static bool read_fault(struct sim_settings *settings, const char *text, struct error *error) {
    size_t length = strcspn(text, "=");
    for (size_t i = 0; i < sizeof(faults_table) / sizeof(*faults_table); i++) {
        const char *name = faults_table[i].name;
        if (strlen(name) != length || memcmp(name, text, length) != 0) {
            continue;
        }
        double *probability = (double *)((char *)&settings->options.faults + faults_table[i].offset);
        return (text[length] && read_number(text + length + 1, 0, 1, probability)) ||
               error_set(error, ERROR_INVALID, "\"%.100s\": must be %s=PROBABILITY, from 0 to 1", text, name);
    }
    return error_set(error, ERROR_INVALID,
                     "\"%.40s\" is none of throttle, lost-request, lost-answer, partial, fails and crash",
                     text);
}

bool sim_settings_read(struct sim_settings *settings, enum sim_setting setting, const char *text,
                       struct error *error) {
    static bool (*const readers[SIM_SETTINGS])(struct sim_settings *, const char *, struct error *) = {
        [SIM_SETTING_PACE] = read_pace,
        [SIM_SETTING_SEED] = read_seed,
        [SIM_SETTING_REGION] = read_region,
        [SIM_SETTING_FAULT] = read_fault,
    };
    return readers[setting](settings, text, error) || error_wrap(error, "--%s", settings_table[setting].name);
}
