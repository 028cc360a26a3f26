/** Zod schemas as JSON Schema 2020-12, for what the gateway has to know of an input. */
import { z } from 'zod'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** What JSON Schema can't say (dates, transforms) is left open. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...document } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => leaveOutNoise(jsonSchema),
  })
  return document
}

/** Zod states the safe integers of every integer, and the pattern behind every format. */
function leaveOutNoise(schema: JsonSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.format !== undefined) delete schema.pattern
}

/** The fields of an object schema, those of its alternatives and intersections included. */
export function fieldsOf(schema: JsonSchema): Map<string, { schema: JsonSchema; isRequired: boolean }> {
  const isChoice = schema.allOf === undefined
  const fields = new Map<string, { schema: JsonSchema; isRequired: boolean }>()
  for (const [name, field] of partsOf(schema).flatMap((part) => [...fieldsOf(part)]))
    fields.set(name, { schema: field.schema, isRequired: field.isRequired && !isChoice })
  for (const [name, field] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>))
    fields.set(name, { schema: field, isRequired: schema.required?.includes(name) ?? false })
  return fields
}

/** Every JSON type a value of the schema can have. */
export function typesOf(schema: JsonSchema): Set<string> {
  const own = schema.type === undefined ? [] : [schema.type].flat()
  return new Set([...own, ...partsOf(schema).flatMap((part) => [...typesOf(part)])])
}

/** What a schema is put together from: alternatives or intersections. */
export function partsOf({ allOf = [], anyOf = [], oneOf = [] }: JsonSchema): JsonSchema[] {
  return [...allOf, ...anyOf, ...oneOf] as JsonSchema[]
}
