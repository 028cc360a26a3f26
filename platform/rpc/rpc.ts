/**
 * The boundary of the RPC door: what the host gives it and gets from it.
 *
 * A connection is a TCP or unix socket that carries many calls at once. A shared key proves both ends and does not
 * encrypt: on a network that others can write to, use TLS.
 */
import type { SecureContextOptions } from 'node:tls'

/** `tcp://host:port` or `unix:/path/to.sock`. Port 0 is a free one. */
export type RpcAddress = `tcp://${string}` | `unix:${string}`

/**
 * How both ends prove themselves before the first call. With TLS each shows a certificate signed by `ca`; the
 * server's has to bear `servername`, or the address's host where that is not stated.
 */
export type RpcSecurity =
  | { sharedKey: Buffer }
  | { tls: SecureContextOptions & { ca: Buffer | string; servername?: string } }

export interface RpcLimits {
  /** One frame, and so one input, answer or stream item with its few dozen bytes of envelope. */
  maxFrameBytes: number
  /** Calls running at once on one connection. One more is `overloaded`. */
  maxCalls: number
  /** Streams open at once on one connection. One more is `overloaded`. */
  maxStreams: number
  /** Bytes waiting for a peer that does not read. Payloads beyond them are `overloaded`. */
  maxQueuedBytes: number
  /** Stream items sent ahead of what the consumer has taken. */
  streamWindow: number
  /** A silent connection is asked for a sign of life this often, and cut after `silenceMs`. */
  pingIntervalMs: number
  silenceMs: number
  /** For connecting and proving together. */
  handshakeTimeoutMs: number
}

export const defaultLimits: RpcLimits = {
  maxFrameBytes: 4 * 1024 * 1024,
  maxCalls: 1024,
  maxStreams: 16_384,
  maxQueuedBytes: 64 * 1024 * 1024,
  streamWindow: 32,
  pingIntervalMs: 5000,
  silenceMs: 15_000,
  handshakeTimeoutMs: 3000,
}

/** One call or stream as it arrived. `method` is `service.name` or an alias. */
export interface InboundCall {
  method: string
  input: unknown
  /** Milliseconds the caller is willing to wait from now on. Infinity for a stream without an end. */
  timeoutMs: number
  traceparent: string | undefined
  /** The caller's signed identity; undefined is anonymous. */
  identityToken: string | undefined
  idempotencyKey: string | undefined
  /** Made on first read. Aborts on the caller's cancel, at the deadline and when the connection closes. */
  readonly signal: AbortSignal
}

/** Answers what arrives. Throws `CallError` for what the caller may know; anything else leaves as `internal`. */
export interface RpcHandler {
  call(call: InboundCall): Promise<unknown>
  /** The iterator's `return` is called on cancel, so that a generator's `finally` runs. */
  stream(call: InboundCall): AsyncIterable<unknown>
}

/**
 * Payloads are what JSON can say, plus `Uint8Array`s, nested at most 64 deep; as in JSON, dates arrive as strings and
 * undefined as null. The method and the idempotency key have at most 256 characters, the identity token at most 4096.
 * Anything else is `invalid`.
 */
export interface OutboundCall {
  method: string
  input: unknown
  /** For a stream, how long it may stay open; Infinity is allowed. */
  timeoutMs: number
  traceparent?: string | undefined
  identityToken?: string | undefined
  idempotencyKey?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * One connection to an instance; it reconnects by itself with jittered back-off until closed.
 * A call on a connection that is not ready fails at once with `unavailable`.
 */
export interface RpcConnection extends AsyncDisposable {
  readonly address: RpcAddress
  readonly state: 'connecting' | 'ready' | 'draining' | 'broken' | 'closed'
  /** Calls and streams that have not ended. */
  readonly pendingCalls: number
  /** Resolves when ready; rejects with `unavailable` after `timeoutMs`. A broken connection is tried at once, not only when its back-off is over. */
  ready(timeoutMs: number): Promise<void>
  /** Rejects with `CallError`s only. */
  call(call: OutboundCall): Promise<unknown>
  /** Each iteration opens the stream anew. Leaving the loop cancels it. Throws `CallError`s only. */
  stream(call: OutboundCall): AsyncIterable<unknown>
  /** Told of every change of state; gives the way to stop being told. */
  onStateChange(listener: (state: RpcConnection['state']) => void): () => void
}

/**
 * Own property of an `unavailable` or `overloaded` error of a call that no handler has seen: even a command may be
 * sent again, to another instance.
 */
export interface NotSent {
  notSent: true
}

export interface RpcServer extends AsyncDisposable {
  /** The address with the port it really has. */
  readonly address: RpcAddress
  /** Tells every peer to send nothing more, ends streams with `unavailable`, waits for calls, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
}
