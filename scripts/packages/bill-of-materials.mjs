/** A CycloneDX bill of materials out of a lock file. Pure: the same lock file gives the same bill. */
import { createHash } from 'node:crypto'
import { nameOf } from './audit-lock.mjs'

/** `pkg:npm/%40scope/name@1.0.0` (purl-spec, type npm). */
const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`

/**
 * Everything that runs with the service; with `all` also what only builds and tests it.
 *
 * @param lock - `package-lock.json`, version 3.
 * @returns CycloneDX 1.6, as JSON.
 */
export function billOfMaterials(lock, { all = false } = {}) {
  const { '': root, ...packages } = lock.packages
  const chosen = Object.entries(packages).filter(([, entry]) => all || entry.dev !== true)
  const paths = new Set(chosen.map(([path]) => path))
  const components = new Map(
    chosen.map(([path, entry]) => {
      const component = componentOf(nameOf(path), entry)
      return [component['bom-ref'], component]
    }),
  )
  const self = {
    type: 'application',
    'bom-ref': purlOf(root.name, root.version),
    name: root.name,
    version: root.version,
    licenses: licensesOf(root.license),
  }
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: self },
    components: [...components.values()].sort(byRef),
    dependencies: dependenciesOf(root, chosen, packages, paths, all),
  }
  return { ...bill, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(bill))}` }
}

const byRef = (a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)

const componentOf = (name, { version, integrity, license, dev, optional }) => ({
  type: 'library',
  'bom-ref': purlOf(name, version),
  ...(name.startsWith('@')
    ? { group: name.slice(0, name.indexOf('/')), name: name.slice(name.indexOf('/') + 1) }
    : { name }),
  version,
  scope: dev === true ? 'excluded' : optional === true ? 'optional' : 'required',
  hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }],
  licenses: licensesOf(license),
  purl: purlOf(name, version),
})

const hexOf = (integrity) =>
  Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex')

/** One name is an id of SPDX, more are an expression of it. */
const licensesOf = (license) => {
  if (license === undefined) return []
  return / |\(/.test(license) ? [{ expression: license }] : [{ license: { id: license } }]
}

/** Who needs whom, as Node would find it: in the nearest `node_modules` upwards. */
function dependenciesOf(root, chosen, packages, paths, all) {
  const own = { ...root, ...(all ? {} : { devDependencies: {} }) }
  const needs = new Map([[purlOf(root.name, root.version), refsOf('', own)]])
  for (const [path, entry] of chosen) {
    const ref = purlOf(nameOf(path), entry.version)
    needs.set(ref, new Set([...(needs.get(ref) ?? []), ...refsOf(path, entry)]))
  }
  return [...needs].map(([ref, refs]) => ({ ref, dependsOn: [...refs].sort() })).sort(byName)

  function refsOf(path, { dependencies, devDependencies, optionalDependencies, peerDependencies }) {
    const names = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    const wanted = Object.keys(path === '' ? { ...names, ...devDependencies } : names)
    const found = wanted.flatMap((name) => resolve(path, name) ?? [])
    return new Set(found.map((one) => purlOf(nameOf(one), packages[one].version)))
  }

  function resolve(from, name) {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`
      if (paths.has(path)) return path
      if (at === '') return undefined
    }
  }
}

const byName = (a, b) => (a.ref < b.ref ? -1 : 1)

/** A version 8 UUID (RFC 9562 §5.8) out of what it stands for. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`]
  return [...parts, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
