"""The app and its tasks: apart from the driver, as the library wants no app in the main module."""

import procrastinate

STEPS = [
    "connectors_sync_cycle",
    "signals_extraction",
    "embeddings_run",
    "health_scoring",
    "kag_recommendations_refresh",
    "analytics_aggregates",
    "kag_v2_recommendations_refresh",
]


def make_app(url, connections, bodies):
    app = procrastinate.App(
        # The pool's own default is four connections, which would cap --concurrency
        connector=procrastinate.PsycopgConnector(conninfo=url, min_size=min(4, connections), max_size=connections)
    )

    # Async, as the library's own documentation has it: a sync task would go through a thread
    @app.task(name="noop")
    async def noop(sent_us=None):
        bodies.noop(sent_us)

    def add(step):
        @app.task(name=STEPS[step])
        async def body(chain, of):
            # procrastinate completes a job in a transaction of its own, so the next go in before it
            await bodies.step(step, chain, of, lambda to, number: tasks[to].defer_async(chain=number, of=of))

        return body

    tasks = [add(step) for step in range(len(STEPS))]
    return app, noop, tasks
