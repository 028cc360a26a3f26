/**
 * The frames of the protocol. On the wire a frame is a 32-bit big-endian length and that many bytes of MessagePack:
 * an array whose first element is the kind.
 */
import type { SerializedCallError } from '#contracts/errors.ts'
import { decode, ProtocolError } from './decode.ts'

export const protocolVersion = 1

export const kinds = {
  hello: 0,
  proof: 1,
  welcome: 2,
  token: 3,
  call: 4,
  openStream: 5,
  answer: 6,
  failure: 7,
  item: 8,
  end: 9,
  credit: 10,
  cancel: 11,
  ping: 12,
  pong: 13,
  goAway: 14,
} as const

export const nonceBytes = 32
/** Identity tokens a connection remembers. A reference is below this. */
export const maxTokens = 4096

export type HelloFrame = [kind: typeof kinds.hello, version: number, nonce: Uint8Array]
export type ProofFrame = [kind: typeof kinds.proof, version: number, nonce: Uint8Array, proof: Uint8Array]
export type WelcomeFrame = [kind: typeof kinds.welcome, proof: Uint8Array]
/** From here on `reference` stands for `token`. */
export type TokenFrame = [kind: typeof kinds.token, reference: number, token: string]

type Request<Kind extends number> = [
  kind: Kind,
  id: number,
  method: string,
  input: unknown,
  /** What is left of the caller's time. */
  timeoutMs: number,
  traceparent: string | null,
  tokenReference: number | null,
  idempotencyKey: string | null,
  /** Items the caller has room for; 0 for a call. */
  credit: number,
]
export type CallFrame = Request<typeof kinds.call>
export type OpenStreamFrame = Request<typeof kinds.openStream>

export type AnswerFrame = [kind: typeof kinds.answer, id: number, output: unknown]
/** `isRefusal`: no handler has seen the call. */
export type FailureFrame = [
  kind: typeof kinds.failure,
  id: number,
  error: SerializedCallError,
  isRefusal: boolean,
]
export type ItemFrame = [kind: typeof kinds.item, id: number, item: unknown]
export type EndFrame = [kind: typeof kinds.end, id: number]
/** The receiver has room for that many more items. */
export type CreditFrame = [kind: typeof kinds.credit, id: number, items: number]
export type CancelFrame = [kind: typeof kinds.cancel, id: number]
export type PingFrame = [kind: typeof kinds.ping]
export type PongFrame = [kind: typeof kinds.pong]
/** The server takes no more calls on this connection; the client's answer: it has sent the last one. */
export type GoAwayFrame = [kind: typeof kinds.goAway]

export type Frame =
  | HelloFrame
  | ProofFrame
  | WelcomeFrame
  | TokenFrame
  | CallFrame
  | OpenStreamFrame
  | AnswerFrame
  | FailureFrame
  | ItemFrame
  | EndFrame
  | CreditFrame
  | CancelFrame
  | PingFrame
  | PongFrame
  | GoAwayFrame

/** Throws `ProtocolError` for anything that is not exactly a frame. */
export function decodeFrame(bytes: Buffer, start: number, end: number): Frame {
  const value = decode(bytes, start, end)
  if (!isFrame(value)) throw new ProtocolError('not a frame')
  return value
}

export function isFrame(value: unknown): value is Frame {
  if (!Array.isArray(value)) return false
  const shape = typeof value[0] === 'number' ? shapes[value[0]] : undefined
  return shape !== undefined && shape(value)
}

const maxId = 0x7fff_ffff

/** By kind. */
const shapes: ((frame: unknown[]) => boolean)[] = []
shapes[kinds.hello] = (frame) => frame.length === 3 && isCount(frame[1]) && isNonce(frame[2])
shapes[kinds.proof] = (frame) =>
  frame.length === 4 && isCount(frame[1]) && isNonce(frame[2]) && isNonce(frame[3])
shapes[kinds.welcome] = (frame) => frame.length === 2 && isNonce(frame[1])
shapes[kinds.token] = (frame) =>
  frame.length === 3 && isTokenReference(frame[1]) && isText(frame[2], 4096) && frame[2] !== ''
shapes[kinds.call] = isRequest
shapes[kinds.openStream] = isRequest
shapes[kinds.answer] = (frame) => frame.length === 3 && isCount(frame[1])
shapes[kinds.failure] = (frame) =>
  frame.length === 4 && isCount(frame[1]) && isCallError(frame[2]) && typeof frame[3] === 'boolean'
shapes[kinds.item] = (frame) => frame.length === 3 && isCount(frame[1])
shapes[kinds.end] = (frame) => frame.length === 2 && isCount(frame[1])
shapes[kinds.credit] = (frame) => frame.length === 3 && isCount(frame[1]) && isCount(frame[2])
shapes[kinds.cancel] = (frame) => frame.length === 2 && isCount(frame[1])
shapes[kinds.ping] = (frame) => frame.length === 1
shapes[kinds.pong] = (frame) => frame.length === 1
shapes[kinds.goAway] = (frame) => frame.length === 1

function isRequest(frame: unknown[]): boolean {
  return (
    frame.length === 9 &&
    isCount(frame[1]) &&
    isText(frame[2], 256) &&
    typeof frame[4] === 'number' &&
    frame[4] > 0 &&
    (frame[5] === null || isText(frame[5], 256)) &&
    (frame[6] === null || isTokenReference(frame[6])) &&
    (frame[7] === null || isText(frame[7], 256)) &&
    isCount(frame[8])
  )
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >> 0 === value && value >= 0 && value <= maxId
}

function isTokenReference(value: unknown): boolean {
  return isCount(value) && value < maxTokens
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength
}

/** HMAC-SHA256 proofs are as long as nonces. */
function isNonce(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === nonceBytes
}

function isCallError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { code, status, detail, fields, retryAfterSeconds } = value as Record<string, unknown>
  return (
    typeof code === 'string' &&
    isCount(status) &&
    typeof detail === 'string' &&
    (fields === undefined || (Array.isArray(fields) && fields.every(isFieldError))) &&
    (retryAfterSeconds === undefined || typeof retryAfterSeconds === 'number')
  )
}

function isFieldError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { path, message } = value as Record<string, unknown>
  return typeof path === 'string' && typeof message === 'string'
}
