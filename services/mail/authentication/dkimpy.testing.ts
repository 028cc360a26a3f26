import { execFile } from 'node:child_process'
import type { Zone } from '../testing/name-server.ts'

export interface DkimpySigning {
  selector: string
  domain: string
  /** PEM, or of Ed25519 its 32 octets in base64. */
  key: string
  form?: string
  algorithm?: 'rsa' | 'ed25519'
  /** More tags, and the names to sign, of `signRaw`. */
  tags?: string[]
  names?: string
  /** Of `seal`. */
  authServId?: string
}

/** `cv` and the reason. */
type ChainVerdict = [string, string]

/** Asks Debian's dkimpy (python3-dkim with python3-nacl and python3-authres) for its verdict or its signature. */
export function runDkimpy(act: 'verify', message: string, zone: Zone): Promise<boolean[]>
export function runDkimpy(act: 'verifyChain', message: string, zone: Zone): Promise<ChainVerdict>
export function runDkimpy(
  act: 'sign' | 'signRaw' | 'seal',
  message: string,
  zone: Zone,
  signing: DkimpySigning,
): Promise<string>
export function runDkimpy(
  act: string,
  message: string,
  zone: Zone,
  signing?: DkimpySigning,
): Promise<unknown> {
  const records = Object.fromEntries(
    Object.entries(zone).flatMap(([name, entry]) =>
      typeof entry === 'object' && Array.isArray(entry.TXT) ? [[name, String(entry.TXT[0])]] : [],
    ),
  )
  return new Promise((resolve, reject) => {
    const child = execFile(
      '/usr/bin/python3',
      ['-c', program],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        error === null ? resolve(JSON.parse(stdout)) : reject(new Error(`${error.message}\n${stderr}`)),
    )
    child.stdin?.end(JSON.stringify({ act, message, records, ...signing }))
  })
}

const program = `
import base64, hashlib, json, re, sys
import dkim
from dkim.crypto import RSASSA_PKCS1_v1_5_sign, parse_pem_private_key, HASH_ALGORITHMS
asked = json.load(sys.stdin)
message = asked['message'].encode('latin-1')
def dns(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return asked['records'].get(name.rstrip('.'), '').encode()
def text(name):
    return asked[name].encode()
act = asked['act']
if act == 'verify':
    whole = dkim.DKIM(message)
    count = sum(1 for name, _ in whole.headers if name.lower() == b'dkim-signature')
    answer = [dkim.DKIM(message).verify(idx=i, dnsfunc=dns) for i in range(count)]
elif act == 'verifyChain':
    state, _, reason = dkim.arc_verify(message, dnsfunc=dns)
    answer = [state.decode(), str(reason)]
elif act == 'sign':
    form = tuple(part.encode() for part in asked['form'].split('/'))
    answer = dkim.sign(message, text('selector'), text('domain'), text('key'), canonicalize=form,
        signature_algorithm=asked['algorithm'].encode() + b'-sha256').decode()
elif act == 'seal':
    answer = b''.join(dkim.arc_sign(message, text('selector'), text('domain'), text('key'), text('authServId'))).decode()
else:
    head, body = message.split(b'\\r\\n\\r\\n', 1)
    body = dkim.canonicalization.Relaxed.canonicalize_body(body)
    lengths = [int(tag[2:]) for tag in asked['tags'] if tag.startswith('l=')]
    if lengths: body = body[:lengths[0]]
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = ['v=1', 'a=rsa-sha256', 'c=relaxed/relaxed', 'd=' + asked['domain'], 's=' + asked['selector'],
        *asked['tags'], 'h=' + asked['names'], 'bh=' + digest, 'b=']
    field = 'DKIM-Signature: ' + '; '.join(tags)
    headers, _ = dkim.rfc822_parse(message)
    wanted = asked['names'].split(':')
    chosen = [pair for name in wanted for pair in headers if pair[0].decode().lower() == name]
    canonical = dkim.canonicalization.Relaxed.canonicalize_headers(chosen + [(b'DKIM-Signature', field[15:].encode())])
    data = b''.join(name + b':' + value for name, value in canonical).rstrip(b'\\r\\n')
    signer = hashlib.sha256(data)
    value = RSASSA_PKCS1_v1_5_sign(signer, parse_pem_private_key(text('key')))
    answer = field + base64.b64encode(value).decode() + '\\r\\n'
print(json.dumps(answer))
`
