import type { OpenApiDocument } from './openapi.ts'
import { partsOf, type JsonSchema } from './schema.ts'

/** A schema in words: `text, at most 80 characters`, `"INFO" | "ERROR", default "INFO"`, `list of integer, 1 to 10`. */
export function describe(schema: JsonSchema, document: OpenApiDocument): string {
  const resolved = resolve(schema, document)
  const words = [kind(resolved, document), ...bounds(resolved)]
  if (resolved.default !== undefined) words.push(`default ${JSON.stringify(resolved.default)}`)
  return words.join(', ')
}

/** Follows `$ref` into the document. */
export function resolve(schema: JsonSchema, document: OpenApiDocument): JsonSchema {
  if (schema.$ref === undefined) return schema
  const names = schema.$ref.split('/').slice(1)
  const target = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document)
  return resolve(target as JsonSchema, document)
}

function kind(schema: JsonSchema, document: OpenApiDocument): string {
  const choices = schema.enum ?? (schema.const === undefined ? [] : [schema.const])
  if (choices.length > 0) return choices.map((choice) => JSON.stringify(choice)).join(' | ')
  const parts = partsOf(schema).map((part) => describe(part, document))
  if (parts.length > 0) return [...new Set(parts)].join(' or ')
  if (schema.items !== undefined) return `list of ${describe(schema.items as JsonSchema, document)}`
  if (schema.format !== undefined) return schema.format
  return [schema.type ?? 'anything'].flat().join(' or ').replace('string', 'text')
}

function bounds(schema: JsonSchema): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  return [
    range(minimum, maximum, ''),
    range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'),
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
  ].filter((text) => text !== '')
}

function range(from: number | undefined, to: number | undefined, unit: string): string {
  if (from === undefined) return to === undefined ? '' : `at most ${to}${unit}`
  if (from === to) return `${from}${unit}`
  return to === undefined ? `at least ${from}${unit}` : `${from} to ${to}${unit}`
}
