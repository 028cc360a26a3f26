import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from '#platform/log.ts'
import type { Job, ServiceContext } from '#platform/service.ts'

/** Over which the first runs are spread: together they would take every connection of a process that has just started. */
const firstRunsMs = 500

/** Runs each job at its interval until disposed of, on one instance at a time; the first soon after `ready`. */
export function runJobs(
  jobs: readonly Job[],
  context: ServiceContext,
  ready?: Promise<unknown>,
): AsyncDisposable {
  const stopping = new AbortController()
  const { signal } = stopping
  const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  const loops = jobs.map(async (job) => {
    if (ready) {
      await Promise.race([ready, stopped])
      await pause(Math.random() * Math.min(firstRunsMs, job.everyMs), signal)
    }
    await repeat(job, context, signal)
  })
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function repeat(job: Job, context: ServiceContext, signal: AbortSignal): Promise<void> {
  const log: Logger = context.log.child({ job: job.name })
  while (!signal.aborted) {
    try {
      await runAlone(job, context, signal)
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'job failed')
    }
    // Up to a tenth later, so that instances started together do not compete for ever.
    await pause(job.everyMs * (1 + Math.random() / 10), signal)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** An advisory lock of the session keeps a second instance from running the job meanwhile. */
async function runAlone(job: Job, context: ServiceContext, signal: AbortSignal): Promise<void> {
  const lockName = `job ${context.service}.${job.name}`
  await context.db.connection().execute(async (connection) => {
    const { rows } = await sql<{ isOurs: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${lockName}, 0)) as "isOurs"`.execute(connection)
    if (!rows[0]?.isOurs) return
    try {
      await job.run({ ...context, signal })
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended(${lockName}, 0))`.execute(connection)
    }
  })
}
