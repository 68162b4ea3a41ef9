/** Markup that is safe to put into a page as it is. */
export interface Html {
  readonly html: string
}

type Part = string | Html | readonly Html[]

/**
 * Makes markup out of a template: texts that are put in are escaped, markup is not.
 *
 * Attribute values must stand in double quotes.
 */
export const html = (literals: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: literals.reduce((before, literal, at) => before + write(parts[at - 1]) + literal),
})

function write(part: Part | undefined): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeText(part)
  return 'html' in part ? part.html : part.map((one) => one.html).join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')
