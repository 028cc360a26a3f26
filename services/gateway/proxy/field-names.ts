/** What a proxy does with a header field, by its name. */
export type FieldRule =
  | 'pass'
  | 'drop'
  | 'connection'
  | 'content-length'
  | 'transfer-encoding'
  | 'keep-alive'
  | 'cookie'
  | 'set-cookie'

/** Fields of one connection, RFC 9110 §7.6.1, and of the framing of one message. */
const hopByHop = new Map<string, FieldRule>(
  Object.entries({
    connection: 'connection',
    'content-length': 'content-length',
    'transfer-encoding': 'transfer-encoding',
    'keep-alive': 'keep-alive',
    'proxy-connection': 'drop',
    'proxy-authenticate': 'drop',
    'proxy-authorization': 'drop',
    te: 'drop',
    trailer: 'drop',
    upgrade: 'drop',
  } as const),
)

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Names remembered as they were written, so that most are neither checked nor lower-cased again. */
const mostKnown = 1_000

/** Finds the rule of a field, undefined for what is no name. `ruleOfRest` knows the names, in lower case, that are not hop-by-hop. */
export function fieldRules(ruleOfRest: (name: string) => FieldRule): (name: string) => FieldRule | undefined {
  const known = new Map<string, FieldRule>()
  return (name) => {
    const remembered = known.get(name)
    if (remembered !== undefined || !token.test(name)) return remembered
    const lower = name.toLowerCase()
    const rule = hopByHop.get(lower) ?? ruleOfRest(lower)
    if (known.size < mostKnown) known.set(name, rule)
    return rule
  }
}

/** Names, in lower case, of fields that `Connection` says are of the connection too; undefined without any. */
export function nominatedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || /^(close|keep-alive|upgrade)?$/i.test(connection)) return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}
