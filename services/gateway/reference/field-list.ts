/** JSON schemas as lists of fields, for the reference. */
import { html } from 'hono/html'
import { describe, resolve } from './describe.ts'
import type { OpenApiDocument } from './openapi.ts'
import type { Parameter } from './operation.ts'
import { partsOf, type JsonSchema } from './schema.ts'

type Html = ReturnType<typeof html>

interface Field {
  /** Nested fields are named by their path: `address.city`, `items[].id`. */
  name: string
  schema: JsonSchema
  isRequired: boolean
  /** Where a parameter goes. */
  in?: string
}

export function parameterList(parameters: readonly Parameter[], document: OpenApiDocument): Html {
  const fields = parameters.map(({ description, schema, ...rest }) => ({
    ...rest,
    schema: description === undefined ? schema : { ...schema, description },
    isRequired: rest.required,
  }))
  return list(fields, document)
}

/** In an answer every field is there unless it says otherwise; in a body `required` is said. */
export function fieldList(schema: JsonSchema, document: OpenApiDocument, io: 'input' | 'output'): Html {
  const fields = fieldsIn(schema, '', document, [])
  if (fields.length === 0) return html`<p class="soft">${describe(schema, document)}</p>`
  return list(io === 'input' ? fields : fields.map((field) => ({ ...field, isRequired: false })), document)
}

/** `above` are the schemas around this one: a schema inside itself is not followed. */
function fieldsIn(
  schema: JsonSchema,
  prefix: string,
  document: OpenApiDocument,
  above: JsonSchema[],
): Field[] {
  const resolved = resolve(schema, document)
  if (above.includes(resolved)) return []
  const inside = (part: JsonSchema, name: string) => fieldsIn(part, name, document, [...above, resolved])
  const properties = Object.entries((resolved.properties ?? {}) as Record<string, JsonSchema>)
  return [
    ...properties.flatMap(([key, field]): Field[] => {
      const name = prefix === '' ? key : `${prefix}.${key}`
      const isRequired = resolved.required?.includes(key) ?? false
      return [{ name, schema: field, isRequired }, ...inside(field, name)]
    }),
    ...(resolved.items === undefined ? [] : inside(resolved.items as JsonSchema, `${prefix}[]`)),
    ...partsOf(resolved).flatMap((part) => inside(part, prefix)),
  ]
}

function list(fields: readonly Field[], document: OpenApiDocument): Html {
  return html`<dl>
    ${fields.map(({ name, schema, isRequired, in: place }) => {
      const { description } = resolve(schema, document)
      return html`<div>
        <dt><code>${name}</code></dt>
        <dd>
          ${describe(schema, document)} ${place !== undefined && html`<span class="soft">in ${place}</span>`}
          ${isRequired && html`<span class="required">required</span>`}
          ${description !== undefined && html`<br />${description}`}
        </dd>
      </div>`
    })}
  </dl>`
}
