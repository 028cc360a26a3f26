/** A gateway, identity and one call that anybody may make, in one process. Tells its parent where, and as whom. */
import { once } from 'node:events'
import { z } from 'zod'
import { contract, query } from '#contracts/contract.ts'
import { identity } from '#contracts/identity.ts'
import { metrics } from '#platform/metrics.ts'
import { defineService } from '#platform/service.ts'
import { testHost } from '#platform/testing/host.ts'
import { gatewayTo } from '../../services/gateway/service.ts'
import identityService from '../../services/identity/service.ts'
import { signUp } from '../../services/identity/testing.ts'

const kiosk = contract('benchkiosk', {
  calls: {
    showItem: query({
      http: 'GET /api/bench/items/{id}',
      access: 'public',
      limits: ['anonymous'],
      input: z.object({ id: z.string() }),
      output: z.object({ id: z.string(), name: z.string(), priceMinor: z.int() }),
    }),
  },
})
const kioskService = defineService({
  contract: kiosk,
  calls: { showItem: async ({ id }) => ({ id, name: 'tea-500g', priceMinor: 1250 }) },
})

await using host = await testHost({
  services: [gatewayTo([identity, kiosk]), identityService, kioskService],
  // Everybody is counted, accounts and addresses; only the bound is out of reach.
  settings: { LIMIT_ACCOUNT: '999999999/1s', LIMIT_ANONYMOUS: '999999999/1s', LOG_LEVEL: 'warn' },
})
const { session, account } = await signUp(host, 'bench@localhost')
const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
process.on('message', () => {
  const count = async (name: string) => {
    const { values } = await metrics.getSingleMetric(name)!.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  void Promise.all([count('dakghar_password_hashes_total'), count('dakghar_session_asks_total')]).then(
    ([hashes, asks]) => process.send!({ hashes, asks }),
  )
})
process.send!({
  port: Number(new URL(address).port),
  token: session.token,
  accountId: account.id,
  databaseUrl: host.databaseUrl,
})
await once(process, 'disconnect')
