import { exampleOf } from './example.ts'
import type { Operation } from './operation.ts'

/** A shell line that makes the call; `$DAKGHAR` is the address, `$KEY` a key. */
export function curlExample(method: string, path: string, operation: Operation): string {
  const { parameters, requestBody, security } = operation
  const inPath = new Map(parameters.filter((p) => p.in === 'path').map((p) => [p.name, exampleOf(p.schema)]))
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(inPath.get(name) ?? name)),
  )
  const query = parameters
    .filter(({ in: place, required }) => place === 'query' && required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(exampleOf(schema)))}`)
    .join('&')
  const body = requestBody?.content['application/json']?.example
  const takesBytes = requestBody?.content['*/*'] !== undefined
  return [
    `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} "$DAKGHAR${address}${query && `?${query}`}"`,
    ...(security.length > 0 ? ['-H "Authorization: Bearer $KEY"'] : []),
    ...(takesBytes ? ['--data-binary @file'] : []),
    ...(body === undefined ? [] : [`--json ${quoted(JSON.stringify(body))}`]),
  ].join(' \\\n  ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
