import { createHash } from 'node:crypto'
import type { Logger } from '#platform/log.ts'
import { gauge } from '#platform/metrics.ts'
import { connectRedis, replyInTime, type RedisClient } from '#platform/redis.ts'
import type { KeyedLimit, Limits, Verdict } from './limits.ts'
import { memoryLimits } from './memory.ts'
import { runsPerWindow, verdictOf } from './runs.ts'

/** Of every key in Redis. */
const prefix = 'dakghar:'
/** Later replies don't count: requests wait for them. */
const timeoutMs = 250
/** How long a Redis that failed is left alone. */
const retryMs = 500
/** Limits known to be used up. */
const mostRefused = 10_000

/**
 * `take` in one round trip, by the clock of Redis. KEYS are those of the limits; ARGV their uses and windows in turn.
 * Gives uses so far and milliseconds to the reset of each in turn. The runs of a key are those of `runs.ts`; the key
 * expires when its last use has left the window.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer, all, isAllowed = {}, {}, true
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local stored = redis.call('GET', key)
  local runs, uses = {}, 0
  for _, run in ipairs(stored and cmsgpack.unpack(stored) or {}) do
    if run[2] > now - window then
      runs[#runs + 1] = run
      uses = uses + run[3]
    end
  end
  if uses >= limit then isAllowed = false end
  answer[2 * i - 1] = uses
  answer[2 * i] = (runs[1] and runs[1][2] or now) + window - now
  all[i] = runs
end
if isAllowed then
  for i, key in ipairs(KEYS) do
    local window, runs = tonumber(ARGV[2 * i]), all[i]
    local newest = runs[#runs]
    if newest and now - newest[1] < window / ${runsPerWindow} then
      newest[2], newest[3] = now, newest[3] + 1
    else
      runs[#runs + 1] = { now, now, 1 }
    end
    redis.call('SET', key, cmsgpack.pack(runs), 'PX', window)
  end
end
return answer`

/**
 * Counts that processes share. While Redis is away each process counts for itself, from what it has itself allowed
 * within the window; what it allows meanwhile Redis does not learn.
 *
 * `url` is `redis://user:password@host:port/database`, or `rediss://…` for TLS. Redis need not be up.
 */
export async function openRedisLimits(url: string, { log }: { log: Logger }): Promise<Limits> {
  const { host } = new URL(url)
  const local = memoryLimits()
  const refused = refusals()
  /** Redis is left alone until then; 0 while it answers. */
  let retryAt = 0
  const client = await connectRedis(url, { onDown: goLocal })
  const ask = askerOf(client)
  areShared.set(Number(retryAt === 0))

  function goLocal(error: unknown) {
    if (retryAt === 0) log.warn({ err: error, host }, 'Redis is down, limits are counted here only')
    retryAt = Date.now() + retryMs
    areShared.set(0)
  }
  function goShared() {
    if (retryAt === 0) return
    retryAt = 0
    areShared.set(1)
    log.info({ host }, 'Redis is back, limits are shared')
  }
  async function takeShared(limits: readonly KeyedLimit[]): Promise<Verdict> {
    try {
      const verdict = await ask(limits)
      goShared()
      if (verdict.isAllowed) local.record(limits)
      else refused.remember(verdict)
      return verdict
    } catch (error) {
      goLocal(error)
      return local.take(limits)
    }
  }

  return {
    take(limits) {
      const known = refused.find(limits)
      if (known) return known
      const now = Date.now()
      if (now < retryAt) return local.take(limits)
      // One request tries a Redis that was down; the others don't wait for it.
      if (retryAt > 0) retryAt = now + retryMs
      return takeShared(limits)
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  }
}

const areShared = gauge(
  'dakghar_limits_shared',
  '1 while rate limits are counted together with other processes, 0 while Redis is away.',
)

/** Rejects when Redis does not answer in time. */
function askerOf(client: RedisClient): (limits: readonly KeyedLimit[]) => Promise<Verdict> {
  const sha = createHash('sha1').update(script).digest('hex')
  return async (limits) => {
    const options = {
      keys: limits.map(({ key }) => prefix + key),
      arguments: limits.flatMap(({ uses, windowMs }) => [String(uses), String(windowMs)]),
    }
    const reply = client.evalSha(sha, options).catch((error: Error) => {
      // A Redis that was restarted has to be given the script again.
      if (error.message.startsWith('NOSCRIPT')) return client.eval(script, options)
      throw error
    })
    const answer = (await replyInTime(reply, timeoutMs)) as number[]
    return verdictOf(
      limits,
      (i) => answer[2 * i]!,
      (i) => answer[2 * i + 1]!,
    )
  }
}

/** Limits that are used up stay so until their reset: whoever goes on trying costs Redis nothing. */
function refusals() {
  const until = new Map<string, number>()
  return {
    find(limits: readonly KeyedLimit[]): Verdict | undefined {
      const now = Date.now()
      for (const limit of limits) {
        const resetMs = (until.get(limit.key) ?? 0) - now
        if (resetMs > 0) return { isAllowed: false, limit, remaining: 0, resetMs }
      }
      return undefined
    },
    remember({ limit, resetMs }: Verdict): void {
      if (until.size >= mostRefused) until.clear()
      until.set(limit.key, Date.now() + resetMs)
    },
  }
}
