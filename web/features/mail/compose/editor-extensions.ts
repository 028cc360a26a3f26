/** What text of a message can have, written so that mail programs show it as the editor does: styles stand in it. */
import Image from '@tiptap/extension-image'
import { Placeholder } from '@tiptap/extension-placeholder'
import { mergeAttributes, Node, type Extensions } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { sourceName } from './editor-content.ts'
import { inlineImage, onInlineImage } from './inline-images.ts'
import { signatureClass } from './signatures.ts'

const style = (style: string) => ({ HTMLAttributes: { style } })

export function editorExtensions(placeholder: string): Extensions {
  return [
    StarterKit.configure({
      paragraph: style('margin:0'),
      heading: { levels: [2, 3], ...style('margin:0.6em 0 0.2em;line-height:1.3') },
      bulletList: style('margin:0.3em 0;padding-left:1.8em'),
      orderedList: style('margin:0.3em 0;padding-left:1.8em'),
      blockquote: style('margin:0.4em 0 0.4em 0.4em;border-left:3px solid #ccc;padding-left:0.8em'),
      codeBlock: style('font-family:monospace;background:#f3f4f3;color:#17201c;padding:0.6em'),
      code: style('font-family:monospace'),
      link: {
        openOnClick: false,
        defaultProtocol: 'https',
        protocols: ['mailto', 'tel'],
        HTMLAttributes: { target: null, rel: null, class: null },
      },
      horizontalRule: false,
    }),
    ShownImage.configure({ inline: true }),
    Signature,
    Placeholder.configure({ placeholder, showOnlyWhenEditable: true }),
  ]
}

function sourceOf(image: HTMLElement): string | null {
  return image.getAttribute(sourceName) ?? image.getAttribute('src')
}

/** Shows an attachment (RFC 2392). Its bytes are here where this page attached it. */
const ShownImage = Image.extend({
  addAttributes() {
    return {
      src: { default: null, parseHTML: sourceOf, renderHTML: ({ src }) => ({ [sourceName]: src as string }) },
      alt: { default: '' },
      style: { default: 'max-width:100%', parseHTML: () => 'max-width:100%' },
    }
  },
  parseHTML() {
    return [{ tag: 'img[src^="cid:"]' }, { tag: `img[${sourceName}^="cid:"]` }]
  },
  addNodeView() {
    return ({ node }) => {
      const dom = document.createElement('img')
      const { src, alt } = node.attrs as { src: string; alt: string }
      dom.alt = alt
      const show = () => {
        const url = inlineImage(src.replace(/^cid:/, ''))
        if (url !== undefined) dom.src = url
      }
      show()
      return { dom, destroy: onInlineImage(show) }
    }
  },
})

const Signature = Node.create({
  name: 'signature',
  group: 'block',
  content: 'block+',
  defining: true,
  parseHTML() {
    return [{ tag: `div.${signatureClass}` }]
  },
  renderHTML({ HTMLAttributes }) {
    return ['div', mergeAttributes(HTMLAttributes, { class: signatureClass }), 0]
  },
})
