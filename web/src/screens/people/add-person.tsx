import { type FormEvent, useState } from "react";
import { useTranslation } from "#i18n";

import { Secret } from "../../session/secret";
import { addPerson, useChange } from "./people-data";

/** Adds somebody, and shows the link to hand over. */
export function AddPerson() {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [admin, setAdmin] = useState(false);
  const [added, setAdded] = useState<{ name: string; link: string }>();
  const { busy, fault, change } = useChange();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAdded(undefined);
    void change(async () => {
      const link = await addPerson(name.trim(), admin);
      if (link) setAdded({ name: name.trim(), link: location.origin + link });
      setName("");
      setAdmin(false);
    });
  };
  return (
    <section className="panel">
      <form className="add-person" onSubmit={submit}>
        <label>
          <span className="field-label">{t("people.name")}</span>
          <input
            required
            maxLength={100}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        <label className="check">
          <input type="checkbox" checked={admin} onChange={({ target }) => setAdmin(target.checked)} />
          {t("people.as_admin")}
        </label>
        <button type="submit" className="primary" disabled={busy}>
          {t("people.add")}
        </button>
      </form>
      {fault && (
        <p className="fault" role="alert">
          {fault.message}
        </p>
      )}
      {added && <Secret text={added.link}>{t("people.link", { name: added.name })}</Secret>}
    </section>
  );
}
