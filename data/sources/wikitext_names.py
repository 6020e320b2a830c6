"""What files and categories are called in the wikis of the world.

A dump says the names of its own wiki (data/sources/wikipedia_site.py); those
of English count in all wikis.
"""

from typing import NamedTuple


class Names(NamedTuple):
  """What files and categories are called, in small letters."""

  files: frozenset[str]
  categories: frozenset[str]


def _names(text: str) -> frozenset[str]:
  """Names with commas between them."""
  return frozenset(text.split(","))


# Of English and of the largest wikis, for a dump without a head.
NAMES = Names(
  files=_names(
    "file,image,media,datei,bild,fichier,archivo,imagen,immagine,ficheiro,"
    "imagem,bestand,afbeelding,plik,grafika,файл,изображение,картинка,"
    "зображення,fil,tiedosto,kuva,soubor,dosya,tập tin,berkas,"
    "ファイル,画像,文件,图像,圖像,파일,그림,"
    "ملف,صورة,קובץ,תמונה,پرونده,تصویر,चित्र"
  ),
  categories=_names(
    "category,kategorie,catégorie,categoría,categoria,categorie,kategoria,"
    "категория,категорія,kategori,luokka,kategória,kategorija,thể loại,"
    "カテゴリ,分类,分類,분류,تصنيف,קטגוריה,رده,श्रेणी"
  ),
)
