#include "fleet/region.h"
#include "tests/support/expect.h"

static void finds_regions_of_zones(void **state) {
    (void)state;
    static const struct {
        const char *provider, *zone, *region;
    } cases[] = {
        {"aws", "us-east-1a", "us-east-1"},
        {"aws", "us-gov-west-1b", "us-gov-west-1"},
        {"aws", "cn-north-1a", "cn-north-1"},
        {"aws", "us-west-2-lax-1a", "us-west-2"},
        {"aws", "us-east-1-wl1-bos-wlz-1", "us-east-1"},
        {"aws", "ap-southeast-10c", "ap-southeast-10"},
        {NULL, "us-east-1a", "us-east-1"},
        {NULL, "us-central1-a", "us-central1"},
        {"gcp", "us-central1-a", "us-central1"},
        {"gcp", "europe-west4-b", "europe-west4"},
        {"gcp", "us-central1-ai1a", "us-central1"},
        {"ibm", "us-south-1", "us-south"},
        {"ibm", "eu-de-2", "eu-de"},
        {"aws", "us-east-1", NULL},
        {"aws", "us-east-1ab", NULL},
        {"aws", "us-east-1-", NULL},
        {"aws", "us-central1-a", NULL},
        {"aws", "", NULL},
        {"gcp", "us-central1", NULL},
        {"gcp", "us-central1-", NULL},
        {"gcp", "a-b", NULL},
        {"azure", "1", NULL},
        {"openstack", "nova", NULL},
        {"ibm", "us-south", NULL},
        {"aws", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-east-1a", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char region[REGION_BYTES] = "";
        bool is_zone = region_of_zone(cases[i].provider, cases[i].zone, region);
        expect_integer(cases[i].zone, is_zone, cases[i].region != NULL);
        expect_text(cases[i].zone, region, cases[i].region ? cases[i].region : "");
    }
}

static void knows_variables(void **state) {
    (void)state;
    static const char *const yes[] = {"region",       "location",   "awsRegion",           "AZURE_LOCATION",
                                      "gcp-region",   "aws.region", "controlPlaneRegions", "Region",
                                      "hcloud_region"};
    static const char *const no[] = {"",         "regional",      "backupRegion",   "imageLocation", "vpc",
                                     "regionId", "loggingRegion", "sshKeyLocation", "zone"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        expect_true(yes[i], region_is_variable(yes[i]), "a region");
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
        expect_true(no[i], !region_is_variable(no[i]), "no region");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_regions_of_zones),
        cmocka_unit_test(knows_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
