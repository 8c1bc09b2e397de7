// Lines as options of the embedded cloud, "pace 60", "region eu-west-1=5": a cloud that can be run, or an
// error with words that changed nothing.
#include "tests/fuzz/fuzz.h"

#include "reconciler/providers/sim_options.h"

static void check_settings(const struct sim_settings *settings) {
    const struct sim_options *options = &settings->options;
    require(options->pace >= 0.001 && options->pace <= 100000, "a pace");
    require(options->region_count <= SIM_MOST_REGIONS, "regions have their place");
    require(!options->regions == (options->region_count == 0), "regions are named, or any is there");
    for (size_t i = 0; i < options->region_count; i++) {
        const struct sim_region *region = &options->regions[i];
        require(region->name && *region->name, "a region has a name");
        require(region->clusters >= 0 && region->nodes >= 0, "limits are not negative");
        for (size_t j = 0; j < i; j++) {
            require(strcmp(region->name, options->regions[j].name) != 0, "each region once");
        }
    }
    const struct sim_faults *faults = &options->faults;
    const double chances[] = {faults->throttle, faults->lost_request, faults->lost_answer,
                              faults->partial,  faults->fails,        faults->crash};
    for (size_t i = 0; i < sizeof(chances) / sizeof(chances[0]); i++) {
        require(chances[i] >= 0 && chances[i] <= 1, "a chance is from 0 to 1");
    }
}

// The setting that a line names, and its value; SIM_SETTINGS: none.
static enum sim_setting setting_of(const char *line, const char **ret_value) {
    enum sim_setting setting = SIM_SETTING_PACE;
    for (; setting < SIM_SETTINGS; setting++) {
        const char *name = sim_setting_name(setting) + strlen("sim-");
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ') {
            *ret_value = line + strlen(name) + 1;
            break;
        }
    }
    return setting;
}

static void read_line(struct sim_settings *settings, const char *line) {
    const char *value = NULL;
    enum sim_setting setting = setting_of(line, &value);
    if (setting == SIM_SETTINGS) {
        return;
    }
    struct sim_settings before = *settings;
    struct error error = {0};
    if (!sim_settings_read(settings, setting, value, &error)) {
        require(error.kind == ERROR_INVALID, "it is the writer's fault");
        require(strncmp(error.message, "--sim-", 6) == 0, "it says which option");
        require(memcmp(&before, settings, sizeof(before)) == 0, "settings stay as they were");
    }
    check_settings(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    struct sim_settings settings;
    sim_settings_init(&settings);
    for (const char *rest = text; rest;) {
        CLEANUP(free) char *line = fuzz_part(&rest, "\n");
        read_line(&settings, line);
    }
    sim_settings_clear(&settings);
    return 0;
}
