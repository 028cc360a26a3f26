import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Client } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { BlockedRange, Offender, PushedPolicy } from '#contracts/identity/protection.ts'
import { readRate, readSettings, type SettingValues } from '#platform/config.ts'
import type { Limit } from '#platform/limits/limits.ts'
import { memoryLimits } from '#platform/limits/memory.ts'
import { openLimits } from '#platform/limits/open.ts'
import type { ServiceContext } from '#platform/service.ts'
import type { LimitPolicies } from './call-limits.ts'
import { corsFor } from './cors.ts'
import { followKept, type KeptTable } from './kept-table.ts'
import { reportOffenders } from './offender-reports.ts'
import { createProtection, type Protection, type ProtectionPolicy } from './protection.ts'
import { protectionSettings } from './settings.ts'

type Values = SettingValues<typeof protectionSettings>

/** As the settings have it: counters shared where there is Redis; blocklist, offenders and policies as identity pushes them. */
export async function openProtection(
  settings: Values & { CACHE_URL: string; DATA_DIR: string },
  { client, log }: Pick<ServiceContext, 'client' | 'log'>,
): Promise<Protection> {
  await using stack = new AsyncDisposableStack()
  const limits = await openLimits(settings.CACHE_URL, { log })
  const calls = client(identity)
  const reports = stack.use(reportOffenders({ calls, log }))
  const protection = stack.use(createProtection(policyOf(settings), limits, reports.add))
  const directory = join(settings.DATA_DIR, 'gateway')
  await mkdir(directory, { recursive: true })
  const place = { directory, log }
  const tables = [
    followKept(blocklistFor(protection, calls), place),
    followKept(offendersFor(protection, calls), place),
    followKept(policiesFor(protection, calls, settings), place),
  ]
  for (const table of await Promise.all(tables)) stack.use(table)
  const opened = stack.move()
  return { ...protection, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function blocklistFor(
  { blocklist }: Protection,
  calls: Client<typeof identity>,
): KeptTable<z.output<typeof BlockedRange>> {
  return {
    name: 'blocklist',
    row: BlockedRange,
    open: (signal) => calls.blocklist({}, { signal }),
    take: (ranges) => blocklist.replace(ranges),
  }
}

function offendersFor(
  { offenders }: Protection,
  calls: Client<typeof identity>,
): KeptTable<z.output<typeof Offender>> {
  return {
    name: 'offenders',
    row: Offender,
    open: (signal) => calls.offenders({}, { signal }),
    take: (rows) =>
      offenders.take(rows.map(({ address, state, until }) => ({ address, state, until: Date.parse(until) }))),
  }
}

function policiesFor(
  { limits }: Protection,
  calls: Client<typeof identity>,
  settings: Values,
): KeptTable<z.output<typeof PushedPolicy>> {
  return {
    name: 'policies',
    row: PushedPolicy,
    open: (signal) => calls.policies({}, { signal }),
    take(rows) {
      const rates = new Map(rows.map(({ id, rate }) => [id, rate]))
      for (const [name, setting] of Object.entries(settingOf) as [keyof LimitPolicies, PolicyName][]) {
        const rate = rates.get(setting) ?? null
        limits[name] = rate === null ? settings[setting] : readRate(rate)
      }
    },
  }
}

/** With the settings' defaults where nothing else is said, and nobody who edits the blocklist. */
export function localProtection(policy: Partial<ProtectionPolicy> = {}): Protection {
  const defaults = policyOf(readSettings(protectionSettings, { environment: {}, vaultDirectory: '' }).values)
  return createProtection({ ...defaults, ...policy }, memoryLimits())
}

function policyOf(settings: Values): ProtectionPolicy {
  return {
    trustedProxies: settings.TRUSTED_PROXIES,
    exempt: settings.EXEMPT_ADDRESSES.split(',')
      .map((range) => range.trim())
      .filter(Boolean),
    calls: {
      anonymous: settings[settingOf.anonymous],
      signIn: settings[settingOf.signIn],
      account: settings[settingOf.account],
      serviceKey: settings[settingOf.serviceKey],
    },
    offenders: {
      slowAfter: settings.SLOW_AFTER ?? never,
      slowedTo: settings.LIMIT_SLOWED ?? never,
      blockAfter: settings.BLOCK_AFTER ?? never,
      blockMs: settings.BLOCK_SECONDS * 1000,
    },
    mostRequests: settings.MAX_REQUESTS,
    mostConnections: settings.MAX_CONNECTIONS,
    mostConnectionsPerAddress: settings.MAX_CONNECTIONS_PER_ADDRESS,
    cors: corsFor(settings.CORS_ORIGINS),
  }
}

type PolicyName = z.output<typeof PushedPolicy>['id']

/** The setting of each limit, instead of which a policy of its name counts. */
export const settingOf = {
  anonymous: 'LIMIT_ANONYMOUS',
  signIn: 'LIMIT_SIGN_IN',
  account: 'LIMIT_ACCOUNT',
  serviceKey: 'LIMIT_SERVICE_KEY',
} as const satisfies Record<keyof LimitPolicies, PolicyName>

/** A limit that nobody reaches. */
const never: Limit = { uses: Infinity, windowMs: 1 }
