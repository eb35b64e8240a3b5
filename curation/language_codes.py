"""Language labels of fastText models turned into ISO 639-1 codes, or 639-3 where there is no shorter one."""

from __future__ import annotations

from functools import cache

LABEL_PREFIX = "__label__"

# ISO 639-3 → 639-1 (the registration authority's table), with the individual languages that GlotLID and
# OpenLID name where 639-1 knows only the macrolanguage (`cmn` and `arb`, say). `nob` becomes `no`, the
# code that lid.176 uses for Bokmål.
_SHORTER = """
aar:aa abk:ab afr:af aka:ak amh:am ara:ar arb:ar arg:an asm:as ava:av ave:ae aym:ay ayr:ay aze:az azj:az
bak:ba bam:bm bel:be ben:bn bih:bh bis:bi bod:bo bos:bs bre:br bul:bg cat:ca ces:cs cha:ch che:ce chu:cu
chv:cv cmn:zh cor:kw cos:co cre:cr cym:cy dan:da deu:de div:dv dzo:dz ell:el eng:en epo:eo est:et ekk:et
eus:eu ewe:ee fao:fo fas:fa pes:fa fij:fj fin:fi fra:fr fry:fy ful:ff fuv:ff gla:gd gle:ga glg:gl glv:gv
grn:gn gug:gn guj:gu hat:ht hau:ha hbs:sh heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ido:io
iii:ii iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr
kaz:kk khm:km kik:ki kin:rw kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku kmr:ku lao:lo lat:la lav:lv lvs:lv
lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mah:mh mal:ml mar:mr mkd:mk mlg:mg plt:mg mlt:mt mon:mn khk:mn
mri:mi msa:ms zsm:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne npi:ne nld:nl nno:nn nob:no nor:no
nya:ny oci:oc oji:oj ori:or ory:or orm:om gaz:om oss:os pan:pa pli:pi pol:pl por:pt pus:ps pbt:ps que:qu
quy:qu roh:rm ron:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so
sot:st spa:es sqi:sq als:sq srd:sc srp:sr ssw:ss sun:su swa:sw swh:sw swe:sv tah:ty tam:ta tat:tt tel:te
tgk:tg tgl:tl fil:tl tha:th tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz
uzn:uz ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh yid:yi ydd:yi yor:yo zha:za zho:zh zul:zu nb:no
"""

UNDETERMINED = "und"
_NO_LANGUAGE = frozenset({"zxx", "und", "mis", "unk", "undetermined", "other"})


@cache
def _table() -> dict[str, str]:
    return dict(pair.split(":") for pair in _SHORTER.split())


@cache
def language_code(label: str) -> str:
    """The code of a model's label: `__label__eng_Latn` → `en`, `__label__ceb` → `ceb`, `zxx…` → `und`.

    The prefix is removed as a whole (slicing off a fixed length turns `ceb` into `eb` in models whose
    prefix differs); a script or region after `_` or `-` is cut.
    """
    name = label.removeprefix(LABEL_PREFIX).replace("-", "_").split("_")[0].lower()
    if name in _NO_LANGUAGE or not name:
        return UNDETERMINED
    return _table().get(name, name)
