/**
 * Whether an Accept (RFC 9110, 12.5.1) would rather have text/csv than JSON. Who likes both alike gets JSON, as does who likes
 * neither: a refusal would help nobody.
 */
export function prefersCsv(accept = "*/*"): boolean {
  const ranges = accept.split(",").map(rangeOf)
  const quality = (...types: string[]): number =>
    // The most specific range that is there decides.
    types.flatMap((type) => ranges.find((range) => range.type === type) ?? [])[0]?.quality ?? 0
  return quality("text/csv", "text/*", "*/*") > quality("application/json", "application/*", "*/*")
}

function rangeOf(text: string): { type: string; quality: number } {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1"
  // One that is none counts as unwanted.
  return { type, quality: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality) ? Number(quality) : 0 }
}
