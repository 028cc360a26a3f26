import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { identity } from '#contracts/identity.ts'
import { readSettings, type SettingValues } from '#platform/config.ts'
import type { Limit } from '#platform/limits/limits.ts'
import { memoryLimits } from '#platform/limits/memory.ts'
import { openLimits } from '#platform/limits/open.ts'
import type { ServiceContext } from '#platform/service.ts'
import { followBlocklist } from './blocklist.ts'
import { corsFor } from './cors.ts'
import { createProtection, type Protection, type ProtectionPolicy } from './protection.ts'
import { protectionSettings } from './settings.ts'

type Values = SettingValues<typeof protectionSettings>

/** As the settings have it: counters shared where there is Redis, the blocklist as the identity service pushes it. */
export async function openProtection(
  settings: Values & { CACHE_URL: string; DATA_DIR: string },
  { client, log }: Pick<ServiceContext, 'client' | 'log'>,
): Promise<Protection> {
  await using stack = new AsyncDisposableStack()
  const limits = await openLimits(settings.CACHE_URL, { log })
  const protection = stack.use(createProtection(policyOf(settings), limits))
  const directory = join(settings.DATA_DIR, 'gateway')
  await mkdir(directory, { recursive: true })
  stack.use(await followBlocklist(protection.blocklist, { client: client(identity), directory, log }))
  const opened = stack.move()
  return { ...protection, [Symbol.asyncDispose]: () => opened.disposeAsync() }
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
      anonymous: settings.LIMIT_ANONYMOUS,
      signIn: settings.LIMIT_SIGN_IN,
      account: settings.LIMIT_ACCOUNT,
      serviceKey: settings.LIMIT_SERVICE_KEY,
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

/** A limit that nobody reaches. */
const never: Limit = { uses: Infinity, windowMs: 1 }
