// Chooses one tenant, or all of them; kept in the address as `?tenant=…`.
import { useNames } from "@/parts/Pickers";
import { useParameters } from "@/shell/address";

export function TenantPicker() {
  const [search, change] = useParameters();
  const tenants = useNames()?.tenants ?? [];
  const chosen = search.get("tenant") ?? "";
  if (tenants.length < 2 && !chosen) return null;
  const all = chosen && !tenants.includes(chosen) ? [chosen, ...tenants] : tenants;
  return (
    <label className="picker">
      <span className="unseen">Tenant</span>
      <select value={chosen} onChange={({ target }) => change({ tenant: target.value || null })}>
        <option value="">all tenants</option>
        {all.map((tenant) => (
          <option key={tenant}>{tenant}</option>
        ))}
      </select>
    </label>
  );
}
