/** What a request says, as the input of its call. The answering service validates it. */
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { GatewayContext } from '#services/gateway/http/exchange.ts'
import { fieldsOf, jsonSchemaOf, typesOf, type JsonSchema } from '#services/gateway/reference/schema.ts'

type Fields = Record<string, unknown>

/** What a route tells of its input. */
interface InputSource {
  parameters: readonly string[]
  definition: Pick<CallDefinition | StreamDefinition, 'input'>
}

type Coercion = (texts: string[]) => unknown

/**
 * Makes the input of one route's calls from the request and its body, undefined without one. A field may come by
 * path, by query string or in the body; the path wins, then the body. Throws `invalid` for what can't be read.
 */
export function inputReader(route: InputSource): (c: GatewayContext, body: unknown) => unknown {
  const readAddress = addressReader(route)
  return (c, body) => {
    const query = queryOf(c.env.incoming.url ?? '')
    if (query === '' && route.parameters.length === 0) return body ?? {}
    if (body !== undefined && !isFields(body)) throw standardError('invalid', 'The body is not an object.')
    const { path, query: given } = readAddress(c, new URLSearchParams(query))
    return { ...given, ...body, ...path }
  }
}

/** Makes fields of the texts in a path and a query string. */
export function addressReader({
  parameters,
  definition,
}: InputSource): (c: GatewayContext, query: URLSearchParams) => { path: Fields; query: Fields } {
  // Made with the first request: a start does not wait for those of every route.
  let coercions: Map<string, Coercion> | undefined
  const coerce = (name: string, texts: string[]) =>
    ((coercions ??= coercionsOf(definition.input)).get(name) ?? asText)(texts)

  const readPath = (c: GatewayContext) =>
    parameters.map((name) => [name, coerce(name, [c.req.param(name) ?? ''])] as const)

  function readQuery(query: URLSearchParams): Fields {
    const texts = new Map<string, string[]>()
    for (const [name, text] of query) {
      const earlier = texts.get(name)
      if (earlier) earlier.push(text)
      else texts.set(name, [text])
    }
    return Object.fromEntries(Array.from(texts, ([name, all]) => [name, coerce(name, all)]))
  }

  return (c, query) => ({ path: Object.fromEntries(readPath(c)), query: readQuery(query) })
}

function coercionsOf(input: InputSource['definition']['input']): Map<string, Coercion> {
  const fields = Array.from(fieldsOf(jsonSchemaOf(input, 'input')))
  return new Map(fields.map(([name, { schema }]) => [name, coercionFor(schema)]))
}

/** Throws `invalid` for a URL whose percent-encoding is not UTF-8, RFC 3986 §2.5. */
export function queryOf(url: string): string {
  if (url.includes('%'))
    try {
      decodeURIComponent(url)
    } catch {
      throw standardError('invalid', 'The address has a broken percent-encoding.')
    }
  const at = url.indexOf('?')
  return at === -1 ? '' : url.slice(at + 1)
}

function isFields(body: unknown): body is Fields {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}

/** A text that is not of the wanted type stays text, so that validation names the field. */
function coercionFor(schema: JsonSchema): Coercion {
  const types = typesOf(schema)
  if (types.has('array')) {
    const item = scalarFor(typesOf((schema.items ?? {}) as JsonSchema))
    return (texts) => texts.map(item)
  }
  const scalar = scalarFor(types)
  return (texts) => (texts.length === 1 ? scalar(texts[0]!) : texts.map(scalar))
}

function scalarFor(types: Set<string>): (text: string) => unknown {
  const isNumber = types.has('number') || types.has('integer')
  const isBoolean = types.has('boolean')
  if (types.has('string') || !(isNumber || isBoolean)) return (text) => text
  return (text) => {
    if (isNumber && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text)
    if (isBoolean && (text === 'true' || text === 'false')) return text === 'true'
    return text
  }
}

function asText(texts: string[]): unknown {
  return texts.length === 1 ? texts[0] : texts
}
