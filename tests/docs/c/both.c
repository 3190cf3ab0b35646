/*
 * Two requests under way at the same time: what request() is for. See docs/plugins/c.md.
 */
#include "cascade_plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static cascade_text text(const char *s) { return (cascade_text){s, strlen(s)}; }

static const char DESCRIPTION[] =
    "{\"plugin\":{\"name\":\"both\",\"version\":\"1.0.0\"},"
    "\"jobs\":[{\"name\":\"both\",\"description\":\"Asks two addresses at the same time.\"}]}";

static void describe(cascade_reply reply, void *user) { reply(user, 1, text(DESCRIPTION)); }

/* Shared by run() and the replies, which may come on any thread. */
typedef struct both {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int left; /* replies that are still to come */
    int good;
} both;

static void answered(void *user, int32_t ok, cascade_text json) {
    (void)json; /* valid until this returns: who needs it longer copies it */
    both *asked = user;
    pthread_mutex_lock(&asked->lock);
    asked->left--;
    asked->good += ok;
    pthread_cond_signal(&asked->answered);
    pthread_mutex_unlock(&asked->lock);
}

static void run(cascade_text job, cascade_text request, const cascade_host *host,
                const cascade_call *call, cascade_reply reply, void *user) {
    (void)job, (void)request;
    both asked = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 2, 0};
    const char *params[] = {"{\"method\":\"GET\",\"url\":\"https://one.example/\"}",
                            "{\"method\":\"GET\",\"url\":\"https://two.example/\"}"};
    for (int i = 0; i < 2; i++)
        host->request(call, text("http.send"), text(params[i]), answered, &asked);
    /* `asked` is on this stack: do not return before the last reply has come. */
    pthread_mutex_lock(&asked.lock);
    while (asked.left > 0) pthread_cond_wait(&asked.answered, &asked.lock);
    pthread_mutex_unlock(&asked.lock);
    char outcome[64];
    snprintf(outcome, sizeof outcome, "{\"summary\":\"%d of 2 answered\"}", asked.good);
    reply(user, 1, text(outcome));
}

static const cascade_plugin PLUGIN = {
    .abi_version = CASCADE_ABI_VERSION,
    .size = sizeof(cascade_plugin),
    .describe = describe,
    .run = run,
};

const cascade_plugin *cascade_plugin_entry(void) { return &PLUGIN; }
