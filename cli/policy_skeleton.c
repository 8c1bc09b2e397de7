#include "cli/policy_skeleton.h"

#include <string.h>

enum { LONGEST_NAME = 63 };

bool policy_name_is_good(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length <= LONGEST_NAME && name[0] >= 'a' && name[0] <= 'z' &&
           name[length - 1] != '-' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

void policy_skeleton_write(const char *name, struct buffer *ret_lua) {
    buffer_printf(ret_lua,
                  "-- What this policy keeps from happening, and why, in a line or two.\n"
                  "\n"
                  "return policy {\n"
                  "  name = \"%s\",\n"
                  "  title = \"Clusters say who owns them\",\n"
                  "  severity = \"medium\",\n"
                  "  category = \"ownership\",\n",
                  name);
    buffer_append_text(
        ret_lua,
        "  match = { objects = { { group = \"cluster.x-k8s.io\", kind = \"Cluster\",\n"
        "    operations = { \"CREATE\", \"UPDATE\" } } } },\n"
        "  params = {\n"
        "    label = { type = \"string\", default = \"owner\", description = \"Label that every Cluster "
        "has.\" },\n"
        "  },\n"
        "\n"
        "  validate = function(change, params, report)\n"
        "    local path = ('metadata.labels[\"%s\"]'):format(params.label)\n"
        "    if object.at(change.object, path) == nil then\n"
        "      report.deny { at = path,\n"
        "        message = (\"label %s is missing\"):format(params.label),\n"
        "        detail = \"got no label; allowed any value\",\n"
        "        hint = (\"set the label %s to the team that owns the cluster\"):format(params.label) }\n"
        "    end\n"
        "  end,\n"
        "}\n");
}

void policy_skeleton_test_write(const char *name, struct buffer *ret_lua) {
    buffer_printf(ret_lua, "-- Tests of %s.lua: fleetgate test DIR\n", name);
    buffer_append_text(
        ret_lua, "\n"
                 "local function cluster(labels)\n"
                 "  return { apiVersion = \"cluster.x-k8s.io/v1beta2\", kind = \"Cluster\",\n"
                 "    metadata = { name = \"eu-7\", namespace = \"prod\", labels = labels }, spec = {} }\n"
                 "end\n"
                 "\n"
                 "return {\n"
                 "  { name = \"a cluster with an owner\", object = cluster { owner = \"team-a\" }, expect = "
                 "\"allow\" },\n"
                 "  { name = \"a cluster without an owner\", object = cluster {}, expect = \"deny\",\n"
                 "    at = 'metadata.labels[\"owner\"]', message = \"label owner is missing\" },\n"
                 "}\n");
}
