/** The RPC door of a process: what arrives by RPC becomes a call of a service that runs here. */
import { readFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Invocation } from '#platform/calls.ts'
import { listeningHost } from '#platform/config.ts'
import type { Logger } from '#platform/log.ts'
import { connectRpc } from '#platform/rpc/connection.ts'
import type {
  InboundCall,
  RpcAddress,
  RpcConnection,
  RpcLimits,
  RpcSecurity,
  RpcServer,
} from '#platform/rpc/rpc.ts'
import { listenRpc } from '#platform/rpc/server.ts'
import type { Service } from '#platform/service.ts'
import { parseTraceparent } from '#platform/trace.ts'
import type { Values } from './settings.ts'
import type { IdentityTokens } from './identity-tokens.ts'
import type { LocalAnswerer } from './local.ts'
import { answers, type Selected } from './roles.ts'

/** Where others look for the registry, and where programs of other people look for logs, unless told. */
const defaultPorts = { logs: 5001, registry: 5000 }

export interface RpcDoor {
  connect(address: RpcAddress, limits?: Partial<RpcLimits>): RpcConnection
  listen(local: LocalAnswerer, tokens: IdentityTokens, selected: readonly Selected[]): Promise<RpcServer>
}

export function openRpc(settings: Values, clusterKey: Buffer, log: Logger): RpcDoor {
  const security = securityOf(settings, clusterKey)
  return {
    connect: (address, limits) => connectRpc({ address, security, limits, log }),
    async listen(local, tokens, selected) {
      const port = answers(selected, 'logs')
        ? defaultPorts.logs
        : answers(selected, 'registry')
          ? defaultPorts.registry
          : 0
      const address = (settings.RPC_ADDRESS ?? `tcp://${listeningHost.default}:${port}`) as RpcAddress
      const methods = methodsOf(selected.map(({ service }) => service))
      return listenRpc({ address, security, log, handler: answerRpc(methods, local, tokens) }).catch(
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
          throw new Error(`${address} is in use; RPC_ADDRESS chooses another`, { cause: error })
        },
      )
    },
  }
}

/**
 * Where other processes reach the door that listens at `address`: on this machine's first address of its own where that
 * is every address.
 */
export function reachableAddress(settings: Values, address: RpcAddress): RpcAddress {
  if (settings.RPC_ADVERTISED !== undefined) return settings.RPC_ADVERTISED as RpcAddress
  const [, port] = /^tcp:\/\/(?:0\.0\.0\.0|\[::\]):(\d+)$/.exec(address) ?? []
  if (port === undefined) return address
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  return `tcp://${own?.address ?? hostname()}:${port}`
}

/** Rejects with `unavailable`, and the reason, when nobody who belongs to this installation answers there in time. */
export async function reach(rpc: RpcDoor, address: string, timeoutMs: number): Promise<void> {
  await using connection = rpc.connect(address as RpcAddress)
  await connection.ready(timeoutMs)
}

type Definition = CallDefinition | StreamDefinition

/** `service.name` and aliases of every call and stream. */
function methodsOf(services: readonly Service[]): Map<string, Definition> {
  const definitions = services.flatMap(({ contract }): Definition[] => [
    ...Object.values(contract.calls),
    ...Object.values(contract.streams),
  ])
  return new Map(
    definitions.flatMap((definition) => {
      const names = [`${definition.service}.${definition.name}`]
      if (definition.kind !== 'stream' && definition.rpcAlias !== undefined) names.push(definition.rpcAlias)
      return names.map((name) => [name, definition] as const)
    }),
  )
}

function answerRpc(methods: ReadonlyMap<string, Definition>, local: LocalAnswerer, tokens: IdentityTokens) {
  return {
    async call(call: InboundCall) {
      const definition = methods.get(call.method)
      if (!definition || definition.kind === 'stream')
        throw standardError('notFound', `no call ${call.method}`)
      return local.call(definition, call.input, await invocationOf(call, tokens))
    },
    async *stream(call: InboundCall) {
      const definition = methods.get(call.method)
      if (definition?.kind !== 'stream') throw standardError('notFound', `no stream ${call.method}`)
      yield* local.stream(definition, call.input, await invocationOf(call, tokens))
    },
  }
}

async function invocationOf(call: InboundCall, tokens: IdentityTokens): Promise<Invocation> {
  return {
    identity: await tokens.verify(call.identityToken),
    deadlineAt: Date.now() + call.timeoutMs,
    parent: parseTraceparent(call.traceparent),
    idempotencyKey: call.idempotencyKey,
    get signal() {
      return call.signal
    },
  }
}

function securityOf({ RPC_TLS_DIR: directory }: Values, clusterKey: Buffer): RpcSecurity {
  if (directory === undefined) return { sharedKey: clusterKey }
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readFileSync(join(directory, file)))
  return { tls: { ca: ca!, cert: cert!, key: key! } }
}
