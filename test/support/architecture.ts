import { type Module, parseSync } from '@swc/core'

/** A source file; `path` is relative to `src`, with `/` between its parts. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/**
 * Places are written as `folder/` for all in it, or as a file in which `*` stands for a part of its
 * name. `type ` in front permits types only.
 */
export interface Rules {
  /** By folder: which places its files may import besides their own folder and `shared/`. */
  readonly folders: Readonly<Record<string, readonly string[]>>
  /** Files outside any folder may import all folders but these. */
  readonly closedToRoot: readonly string[]
  /** Folders that import nothing of the others, `shared/` included. */
  readonly islands: readonly string[]
  /** By package: the places that may import it. No other package may be imported at all. */
  readonly packages: Readonly<Record<string, readonly string[]>>
  /** By global (`console`, `process`) or member of one (`Date.now`): the places that may use it. */
  readonly globals: Readonly<Record<string, readonly string[]>>
  readonly maxLines: number
}

interface Import {
  readonly from: string
  readonly onlyTypes: boolean
}

/** Names every rule that a file breaks: `vault/a.ts imports portal/b.ts`. */
export function findViolations(files: readonly SourceFile[], rules: Rules): readonly string[] {
  return files.flatMap((file) => {
    const { imports, uses } = readSource(file)
    const lines = file.text.split('\n').length - 1
    return [
      ...imports.flatMap((one) => judgeImport(file.path, one, rules)),
      ...[...uses].flatMap((name) => judgeUse(file.path, name, rules)),
      ...(lines > rules.maxLines ? [`${file.path} has ${lines} lines`] : []),
    ]
  })
}

function judgeImport(path: string, { from, onlyTypes }: Import, rules: Rules): readonly string[] {
  if (from.startsWith('node:')) return []
  const isRelative = from.startsWith('.')
  const target = isRelative ? new URL(from, `file:///${path}`).pathname.slice(1) : from
  const permitted = isRelative
    ? mayImportFile(path, target, onlyTypes, rules)
    : isWithin(path, rules.packages[packageOf(from)] ?? [], onlyTypes)
  return permitted ? [] : [`${path} imports ${target}`]
}

function mayImportFile(path: string, target: string, onlyTypes: boolean, rules: Rules): boolean {
  const [own, other] = [folderOf(path), folderOf(target)]
  if (own === other) return true
  if (own === '') return !rules.closedToRoot.includes(other) && other !== ''
  if (rules.islands.includes(own) || rules.islands.includes(other)) return false
  return other === 'shared' || isWithin(target, rules.folders[own] ?? [], onlyTypes)
}

function judgeUse(path: string, name: string, rules: Rules): readonly string[] {
  const places = Object.hasOwn(rules.globals, name) ? rules.globals[name] : undefined
  return places === undefined || isWithin(path, places) ? [] : [`${path} uses ${name}`]
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.indexOf('/')))

/** `@scope/name/part` and `name/part` without the part. */
const packageOf = (from: string): string =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')

function isWithin(path: string, places: readonly string[], onlyTypes = false): boolean {
  return places.some((place) => {
    const forTypes = place.startsWith('type ')
    if (forTypes && !onlyTypes) return false
    const pattern = forTypes ? place.slice('type '.length) : place
    if (pattern.endsWith('/')) return path.startsWith(pattern)
    const [before = '', after] = pattern.split('*')
    if (after === undefined) return path === pattern
    return path.startsWith(before) && path.endsWith(after)
  })
}

interface Source {
  readonly imports: readonly Import[]
  readonly uses: ReadonlySet<string>
}

/** A file is parsed once, however many rules it is held against. */
const parsed = new WeakMap<SourceFile, Source>()

function readSource(file: SourceFile): Source {
  const known = parsed.get(file) ?? parseSource(file)
  parsed.set(file, known)
  return known
}

function parseSource({ text }: SourceFile): Source {
  const module: Module = parseSync(text, { syntax: 'typescript', target: 'es2024' })
  const imports: Import[] = []
  const uses = new Set<string>()
  walk(module, (node) => {
    const found = importOf(node)
    if (found !== null) imports.push(found)
    for (const name of namesUsed(node)) uses.add(name)
  })
  return { imports, uses }
}

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const one of value) walk(one, visit)
  else if (isNode(value)) {
    if (typeof value.type === 'string') visit(value)
    for (const [name, child] of Object.entries(value)) if (!isName(name, child)) walk(child, visit)
  }
}

/** A member's name (`a.name`, `{ name: 1 }`) is not the variable of that name. */
const isName = (role: string, node: unknown): boolean =>
  (role === 'property' || role === 'key') && isNode(node) && node.type === 'Identifier'

/** `import … from`, `export … from`, `import(…)`, `require(…)`, `import('…').T`. */
function importOf(node: Node): Import | null {
  const isDeclaration =
    node.type === 'ImportDeclaration' ||
    node.type === 'ExportNamedDeclaration' ||
    node.type === 'ExportAllDeclaration'
  if (isDeclaration && isNode(node.source))
    return { from: String(node.source.value), onlyTypes: bringsOnlyTypes(node) }
  if (node.type === 'TsImportType' && isNode(node.argument))
    return { from: String(node.argument.value), onlyTypes: true }
  if (node.type !== 'CallExpression' || !isNode(node.callee)) return null
  const { type, value } = node.callee
  if (type !== 'Import' && !(type === 'Identifier' && value === 'require')) return null
  const [first] = Array.isArray(node.arguments) ? node.arguments : []
  const literal = isNode(first) && isNode(first.expression) ? first.expression : {}
  const from = literal.type === 'StringLiteral' ? String(literal.value) : 'a computed name'
  return { from, onlyTypes: false }
}

function bringsOnlyTypes(node: Node): boolean {
  if (node.typeOnly === true) return true
  const specifiers: readonly unknown[] = Array.isArray(node.specifiers) ? node.specifiers : []
  return specifiers.length > 0 && specifiers.every((one) => isNode(one) && one.isTypeOnly === true)
}

/** `console` for `console.log`, and `Date.now` for `Date.now()` and `Date['now']`. */
function namesUsed(node: Node): readonly string[] {
  if (node.type === 'Identifier') return [String(node.value)]
  if (node.type !== 'MemberExpression' || !isNode(node.object) || !isNode(node.property)) return []
  const { property } = node
  const inner = property.type === 'Computed' && isNode(property.expression) && property.expression
  const name = (inner || property).value
  return node.object.type === 'Identifier' ? [`${node.object.value}.${name}`] : []
}
