/** What a request says, as the input of its call. The answering service validates it. */
import { standardError } from '#contracts/errors.ts'
import type { GatewayContext } from '#services/gateway/http/exchange.ts'
import type { Route } from './routes.ts'
import { fieldsOf, jsonSchemaOf, typesOf, type JsonSchema } from '#services/gateway/reference/schema.ts'

type Fields = Record<string, unknown>
type Coercion = (texts: string[]) => unknown

/**
 * Makes the input of one route's calls from the request and its body, undefined without one. A field may come by
 * path, by query string or in the body; the path wins, then the body. Throws `invalid` for what can't be read.
 */
export function inputReader({
  parameters,
  definition,
}: Route): (c: GatewayContext, body: unknown) => unknown {
  const coercions = new Map<string, Coercion>()
  for (const [name, { schema }] of fieldsOf(jsonSchemaOf(definition.input, 'input')))
    coercions.set(name, coercionFor(schema))
  const coerce = (name: string, texts: string[]) => (coercions.get(name) ?? asText)(texts)

  const readPath = (c: GatewayContext) =>
    parameters.map((name) => [name, coerce(name, [c.req.param(name) ?? ''])] as const)

  function readQuery(query: string): Fields {
    const texts = new Map<string, string[]>()
    for (const [name, text] of new URLSearchParams(query)) {
      const earlier = texts.get(name)
      if (earlier) earlier.push(text)
      else texts.set(name, [text])
    }
    return Object.fromEntries(Array.from(texts, ([name, all]) => [name, coerce(name, all)]))
  }

  return (c, body) => {
    const query = queryOf(c.env.incoming.url ?? '')
    if (query === '' && parameters.length === 0) return body ?? {}
    if (body !== undefined && !isFields(body)) throw standardError('invalid', 'The body is not an object.')
    return { ...readQuery(query), ...body, ...Object.fromEntries(readPath(c)) }
  }
}

/** Throws `invalid` for a URL whose percent-encoding is not UTF-8, RFC 3986 §2.5. */
function queryOf(url: string): string {
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
