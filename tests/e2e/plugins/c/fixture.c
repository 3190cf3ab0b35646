/*
 * A plugin whose version, job name and faults are chosen when it is compiled: -DVERSION=\"2\",
 * -DJOB=\"name\", -DABI=7, -DENTRY=other, -DDESCRIPTION=..., -DNO_TABLE, -DNO_RUN, -DSILENT.
 * -DENQUEUE=\"job\" has it ask for two runs of that job, of which the host refuses the second. Its job waits until the file that its param `gate` names is there, and then tells its version.
 */
#include "cascade_plugin.h"

#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1"
#endif
#ifndef JOB
#define JOB "fixture"
#endif
#ifndef ABI
#define ABI CASCADE_ABI_VERSION
#endif
#ifndef ENTRY
#define ENTRY cascade_plugin_entry
#endif
#ifndef SCHEMA
#define SCHEMA "{\"type\":\"object\"}"
#endif
#ifndef DESCRIPTION
#define DESCRIPTION                                                                               \
    "{\"plugin\":{\"name\":\"fixture\",\"version\":\"" VERSION "\"},\"jobs\":[{\"name\":\"" JOB       \
    "\",\"description\":\"Tells its version.\",\"params_schema\":" SCHEMA "}]}"
#endif

static cascade_text text(const char *s) { return (cascade_text){s, strlen(s)}; }

static void describe(cascade_reply reply, void *user) { reply(user, 1, text(DESCRIPTION)); }

static void ignore(void *user, int32_t ok, cascade_text json) { (void)user, (void)ok, (void)json; }

#ifdef ENQUEUE
static void keep_ok(void *user, int32_t ok, cascade_text json) {
    (void)json;
    *(int32_t *)user = ok;
}
#endif

static void run(cascade_text job, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user) {
    (void)job;
    char gate[512] = "", copy[8192];
    snprintf(copy, sizeof copy, "%.*s", (int)request.len, request.data);
    const char *at = strstr(copy, "\"gate\":\"");
    if (at) sscanf(at + 8, "%511[^\"]", gate);
    host->log(call, CASCADE_INFO, text("version " VERSION " runs"), text(""));
    while (gate[0]) {
        FILE *open = fopen(gate, "r");
        if (open) {
            fclose(open);
            break;
        }
        if (host->is_cancelled(call)) {
            reply(user, 0, text("{\"kind\":\"cancelled\"}"));
            return;
        }
        host->request_wait(call, text("sleep"), text("{\"ms\":5}"), ignore, NULL);
    }
#ifdef ENQUEUE
    int32_t made = 0, refused = 1;
    host->request_wait(call, text("enqueue"),
                       text("{\"job\":\"" ENQUEUE "\",\"args\":{\"n\":7},\"key\":\"from C\"}"),
                       keep_ok, &made);
    host->request_wait(call, text("enqueue"), text("{\"job\":\"nobody has this\"}"), keep_ok,
                       &refused);
    if (!made || refused) {
        reply(user, 0, text("{\"kind\":\"fail\",\"message\":\"the host's answers are wrong\"}"));
        return;
    }
#endif
#ifndef SILENT
    reply(user, 1, text("{\"summary\":\"version " VERSION "\"}"));
#endif
}

static const cascade_plugin PLUGIN = {
    .abi_version = ABI,
    .size = sizeof(cascade_plugin),
    .describe = describe,
#ifndef NO_RUN
    .run = run,
#endif
};

const cascade_plugin *ENTRY(void);

const cascade_plugin *ENTRY(void) {
    (void)run;
#ifdef NO_TABLE
    return PLUGIN.size ? NULL : &PLUGIN;
#else
    return &PLUGIN;
#endif
}
