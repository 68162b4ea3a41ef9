import { parse } from 'parse5'

/** An element as a browser would have it: its name, its attributes, its place in the tree. */
export interface SeenElement {
  readonly path: string
  readonly name: string
  readonly attributes: readonly (readonly [name: string, value: string])[]
}

/** A page as a browser would have it. */
export interface ParsedPage {
  readonly elements: readonly SeenElement[]
  /** Texts that are not empty, each with the path of its element. */
  readonly texts: readonly (readonly [path: string, text: string])[]
}

/** What the walk needs to know of a node of parse5's tree. */
interface Node {
  readonly nodeName: string
  readonly value?: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

/** Parses a page by the algorithm of browsers (WHATWG HTML §13.2). */
export function parsePage(html: string): ParsedPage {
  const elements: SeenElement[] = []
  const texts: (readonly [string, string])[] = []
  const walk = (node: Node, path: string): void => {
    for (const [at, child] of (node.childNodes ?? []).entries()) {
      if (child.nodeName === '#text') {
        if (child.value) texts.push([path, child.value])
        continue
      }
      const own = `${path}/${at}:${child.nodeName}`
      const attributes = (child.attrs ?? []).map(({ name, value }) => [name, value] as const)
      elements.push({ path: own, name: child.nodeName, attributes })
      walk(child, own)
    }
  }
  walk(parse(html), '')
  return { elements, texts }
}

/** Elements that run, load or embed something, or put something over the page. */
const EXECUTABLE =
  /^(?:script|style|iframe|frame|object|embed|applet|base|svg|math|template|form|video|audio|source|portal)$/
const URL_ATTRIBUTES = ['href', 'src', 'action', 'formaction', 'content', 'data', 'srcset']

/**
 * What of a page could run, or lead to somewhere that runs: elements, handlers, addresses.
 *
 * @param permitted - Names of elements that may be there.
 */
export const executables = (page: ParsedPage, permitted: readonly string[] = []): string[] =>
  page.elements.flatMap(({ path, name, attributes }) => [
    ...(EXECUTABLE.test(name) && !permitted.includes(name) ? [path] : []),
    ...attributes
      .filter(([attribute, value]) => isHandler(attribute) || isScriptUrl(attribute, value))
      .map(([attribute]) => `${path}@${attribute}`),
  ])

const isHandler = (attribute: string): boolean => /^on|^style$|^srcdoc$/.test(attribute)

const isScriptUrl = (attribute: string, value: string): boolean =>
  URL_ATTRIBUTES.includes(attribute) &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers pass over them here
  /^[\u0000-\u0020]*(?:javascript|vbscript|data)[\s]*:/i.test(
    value.replace(/^\d+;\s*url=/i, '').replace(/[\t\r\n]/g, ''),
  )
