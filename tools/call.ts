/**
 * `npm run call -- logs.writeLog '{"name":"hello","data":"by RPC"}'`: makes one call of a running program by RPC, as
 * a service. `--stream` prints what a stream gives until Ctrl-C. DATA_DIR and RPC_ADDRESS as for the program.
 */
import { parseArgs } from 'node:util'
import { createIdentityTokens } from '#platform/host/identity-tokens.ts'
import { openKeys } from '#platform/host/keys.ts'
import { connectRpc } from '#platform/rpc/connection.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'

const timeoutMs = 5000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { stream: { type: 'boolean' } },
})

try {
  await call(positionals[0], JSON.parse(positionals[1] ?? '{}'))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}

async function call(method: string | undefined, input: unknown): Promise<void> {
  if (method === undefined)
    throw new Error('Usage: npm run call -- [--stream] <service.call> [input as JSON]')
  const { clusterKey } = await openKeys(process.env.DATA_DIR ?? './data', {
    clusterKey: process.env.CLUSTER_KEY,
  })
  const address = (process.env.RPC_ADDRESS ?? 'tcp://127.0.0.1:5001') as RpcAddress
  await using connection = connectRpc({ address, security: { sharedKey: clusterKey } })
  await connection.ready(timeoutMs)
  const identityToken = await createIdentityTokens(clusterKey).sign({ kind: 'service', name: 'npm run call' })
  const request = { method, input, timeoutMs, identityToken }
  if (values.stream) for await (const item of connection.stream(request)) console.log(JSON.stringify(item))
  else console.log(JSON.stringify(await connection.call(request), undefined, 2))
}
