/** HTML as the editor's document: what it does not know is left out, its text stays. */
import { DOMParser, DOMSerializer, type Node, type Schema } from '@tiptap/pm/model'
import type { Editor } from '@tiptap/react'
import { inertDocument } from '#web/app/trusted-types.ts'

/** Has the source of a picture where the page shows the text: as `src` the browser would try to fetch it. */
export const sourceName = 'data-source'

export function documentOf(schema: Schema, html: string): Node {
  const { body } = inertDocument(html)
  dropFillers(body)
  return DOMParser.fromSchema(schema).parse(body)
}

/** A line break that ends a block shows nothing: empty paragraphs have one for their height. */
export function dropFillers(body: HTMLElement): void {
  for (const block of body.querySelectorAll('p, h1, h2, h3, li, div, blockquote'))
    if (block.lastChild?.nodeName === 'BR') block.lastChild.remove()
}

/** Made where no picture of it is fetched. An empty paragraph has no height in mail programs, unless a break stands in it. */
export function htmlOf({ state: { doc, schema } }: Editor): string {
  const { body } = inertDocument('')
  const content = { document: body.ownerDocument }
  body.append(DOMSerializer.fromSchema(schema).serializeFragment(doc.content, content))
  for (const paragraph of body.querySelectorAll('p:empty'))
    paragraph.append(body.ownerDocument.createElement('br'))
  for (const image of body.querySelectorAll(`img[${sourceName}]`)) {
    image.setAttribute('src', image.getAttribute(sourceName)!)
    image.removeAttribute(sourceName)
  }
  return body.innerHTML
}
