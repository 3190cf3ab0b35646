/*
 * Version 1 of the ABI as it was first published. Whatever is appended later, these places stay.
 * Compiled by the tests against the committed header; 64-bit, as every supported platform is.
 */
#include "cascade_plugin.h"

#include <assert.h>

static_assert(CASCADE_ABI_VERSION == 1, "this file is about version 1");

static_assert(sizeof(cascade_text) == 16, "cascade_text");
static_assert(offsetof(cascade_text, data) == 0, "cascade_text.data");
static_assert(offsetof(cascade_text, len) == 8, "cascade_text.len");

static_assert(offsetof(cascade_host, abi_version) == 0, "cascade_host.abi_version");
static_assert(offsetof(cascade_host, size) == 4, "cascade_host.size");
static_assert(offsetof(cascade_host, retain) == 8, "cascade_host.retain");
static_assert(offsetof(cascade_host, release) == 16, "cascade_host.release");
static_assert(offsetof(cascade_host, is_cancelled) == 24, "cascade_host.is_cancelled");
static_assert(offsetof(cascade_host, now_ms) == 32, "cascade_host.now_ms");
static_assert(offsetof(cascade_host, log) == 40, "cascade_host.log");
static_assert(offsetof(cascade_host, progress) == 48, "cascade_host.progress");
static_assert(offsetof(cascade_host, request) == 56, "cascade_host.request");
static_assert(offsetof(cascade_host, request_wait) == 64, "cascade_host.request_wait");
static_assert(sizeof(cascade_host) >= 72, "cascade_host only grows");

static_assert(offsetof(cascade_plugin, abi_version) == 0, "cascade_plugin.abi_version");
static_assert(offsetof(cascade_plugin, size) == 4, "cascade_plugin.size");
static_assert(offsetof(cascade_plugin, describe) == 8, "cascade_plugin.describe");
static_assert(offsetof(cascade_plugin, run) == 16, "cascade_plugin.run");
static_assert(offsetof(cascade_plugin, read) == 24, "cascade_plugin.read");
static_assert(offsetof(cascade_plugin, act) == 32, "cascade_plugin.act");
static_assert(sizeof(cascade_plugin) >= 40, "cascade_plugin only grows");

static_assert(CASCADE_DEBUG == 0 && CASCADE_INFO == 1 && CASCADE_WARN == 2 && CASCADE_ERROR == 3,
              "levels");

/* How a plugin asks for a function that was appended later; here one that was there from the first. */
#define HOST_HAS(host, function) \
    ((host)->size >= offsetof(cascade_host, function) + sizeof((host)->function))

int host_can_wait(const cascade_host *host);

int host_can_wait(const cascade_host *host) { return HOST_HAS(host, request_wait); }
