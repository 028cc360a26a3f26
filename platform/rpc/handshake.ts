/**
 * Both ends prove that they know the key, by HMAC-SHA256 over both ends' nonces, before anything else is said:
 *
 *   server → client   hello    version, server nonce
 *   client → server   proof    version, client nonce, HMAC(key, 'client' …)
 *   server → client   welcome  HMAC(key, 'server' …)
 *
 * The role in the HMAC makes a proof worthless when it is sent back to its author. The server proves last, so a
 * stranger learns no HMAC from it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { ProtocolError } from './decode.ts'
import { kinds, nonceBytes, protocolVersion, type Frame } from './frame.ts'
import type { Link } from './link.ts'

/**
 * Calls `onProven` when the peer's last frame has been read and before the next one is. The key is asked for when the
 * peer has spoken.
 */
export function provePeer(
  link: Link,
  side: 'client' | 'server',
  key: () => Buffer,
  onProven: () => void,
): void {
  const finish = () => {
    link.proven()
    onProven()
  }
  link.onFrame = side === 'server' ? challengeClient(link, key, finish) : answerServer(link, key, finish)
}

function challengeClient(link: Link, key: () => Buffer, finish: () => void) {
  const nonce = randomBytes(nonceBytes)
  link.send([kinds.hello, protocolVersion, nonce])
  return (frame: Frame) => {
    if (frame[0] !== kinds.proof) throw new ProtocolError('not the proof that was asked for')
    const [, version, clientNonce, proof] = frame
    checkVersion(version)
    checkProof(proof, hmac(key(), 'client', clientNonce, nonce))
    link.send([kinds.welcome, hmac(key(), 'server', clientNonce, nonce)])
    finish()
  }
}

function answerServer(link: Link, key: () => Buffer, finish: () => void) {
  const nonce = randomBytes(nonceBytes)
  let serverNonce: Uint8Array | undefined
  return (frame: Frame) => {
    if (frame[0] === kinds.hello && serverNonce === undefined) {
      checkVersion(frame[1])
      serverNonce = frame[2]
      link.send([kinds.proof, protocolVersion, nonce, hmac(key(), 'client', nonce, serverNonce)])
    } else if (frame[0] === kinds.welcome && serverNonce !== undefined) {
      checkProof(frame[1], hmac(key(), 'server', nonce, serverNonce))
      finish()
    } else throw new ProtocolError('not the frame that was expected')
  }
}

export function hmac(
  key: Buffer,
  role: 'client' | 'server',
  clientNonce: Uint8Array,
  serverNonce: Uint8Array,
): Buffer {
  return createHmac('sha256', key)
    .update(`dakghar rpc ${protocolVersion} ${role}`)
    .update(clientNonce)
    .update(serverNonce)
    .digest()
}

function checkVersion(version: number): void {
  if (version !== protocolVersion) throw new ProtocolError(`protocol version ${version}`)
}

function checkProof(given: Uint8Array, expected: Buffer): void {
  if (!timingSafeEqual(given, expected)) throw new ProtocolError('the peer does not know the key')
}
