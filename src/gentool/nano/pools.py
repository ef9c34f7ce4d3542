"""Names and words that values are drawn from: people, towns, countries, languages, streets, syllables. Constants only.

Read by gentool.nano.kinds and gentool.nano.lexicon_items. The pools are wide, and are joined by pseudo-words, so that a model learns to
copy a value and not to know it.
"""

from __future__ import annotations


def split_words(text: str) -> tuple[str, ...]:
    """Words that stand in a text one behind the other."""
    return tuple(text.split())


def split_names(text: str) -> tuple[str, ...]:
    """Names of one word or more, with commas between them."""
    return tuple(name.strip() for name in text.split(","))


FIRST_NAMES = split_words(
    """Aaron Abigail Adam Adele Agnes Ahmed Aiko Alan Alba Albert Alejandro Alice Alina Amara Amir Amy Ana Anders Andrea Angus Anita Anouk Anton
    Aoife Arjun Arthur Asha Astrid Aylin Beatrice Ben Bianca Bilal Bjorn Boris Brenda Bruno Camille Carla Carlos Cecilia Chen Chloe Chris
    Clara     Colin Conor Dana Daniel Daria David Declan Deepa Diana Dmitri Dora Edith Eduardo Eilidh Elena Elias Elif Elsa Emeka Emil
    Emma Enzo Erika Esther     Eva Fatima Felix Fiona Florian Frances Freya Gavin George Georgia Gina Giulia Grace Greta Hana Hannah
    Harold Hassan Heidi Helen Henrik Hugo Ian     Ibrahim Ida Ines Ingrid Irene Isabel Ivan Jack Jakub Jamal Jana Jasmin Javier Jean Jiro
    Joan Jonas Jorge Josef Judith Julia Karim Karin Kasia     Keiko Kenji Kofi Lara Lars Laura Leila Leo Leon Liam Linda Livia Lotte Luca
    Lucy Luis Magda Malik Marco Maria Marta Martin Matteo Maya Mei Milan     Mina Miriam Mohan Monica Nadia Naomi Nils Nina Noah Nora Olga
    Oliver Omar Oscar Otto Paula Pavel Pedro Petra Philip Priya Rachel Rafael Rania     Ravi Rebecca Rhys Rita Robin Rosa Rowan Ruth Samir
    Samuel Sandra Sanjay Sara Simon Sofia Stefan Susan Sven Tamara Tariq Teresa Theo Tomas Ugo     Ursula Valentina Vera Victor Vikram
    Walter Wanda Wendy Xavier Yara Yasmin Yusuf Zara Zeynep Zoe"""
)
LAST_NAMES = split_words(
    """Abbott Abe Acosta Adeyemi Aguilar Ahlberg Akhtar Alvarez Amari Andersson Andrade Anwar Archer Arslan Ashworth Bailey Baker Bakshi Banerjee
    Barlow Barros Bauer Becker Bell Bennett Berg Bianchi Blake Bondarenko Borg Bradley Brandt Brennan Brooks Burke Burton Byrne Caldwell
    Campos Carver     Castillo Chandra Chang Chapman Clarke Coleman Collins Conti Cooper Correia Costa Crane Cruz Dahl Daly Das Davies
    Delgado Demir Desai Diaz Dietrich     Dixon Dobson Donnelly Drake Duarte Dubois Duffy Duncan Eaton Eberle Edwards Ekman Ellis Engel
    Eriksen Esposito Evans Farrell Faulkner Ferreira     Fischer Fleming Fletcher Flores Forde Foster Fournier Fowler Franco Fraser Fujita
    Gallagher Garcia Gardner Gatti Georgiou Gibson Goldberg Gomez     Graham Greco Gruber Guerrero Gupta Haas Hagen Hamid Hansen Harper
    Hartmann Hassan Hayashi Heller Herrera Hoffmann Holm Horvat Howells Huang Hughes     Hussain Ibarra Ito Ivanova Jacobs Janssen Jensen
    Johansson Jovic Kaminski Kapoor Karlsson Kaya Keller Kelly Kemp Khan Kim Kimura Klein Knight Koch     Kovacs Kowalski Kruger Kumar
    Lambert Lang Larsen Laurent Lehmann Lewis Lindgren Lombardi Lopez Lund Lynch MacLeod Maier Marchetti Marino Marsh     Martel Mason
    Mbeki McCarthy Mehta Meier Mendes Mensah Meyer Miller Molina Moreau Moreno Morgan Mori Moser Mueller Murray Nagy Nakamura Navarro
    Nelson Neumann Nguyen Nielsen Novak Nowak Nwosu Obi Okafor Oliveira Olsen Ortega Osman Owens Palmer Papadakis Park Parker Patel
    Pereira Persson     Petrov Pham Pichler Pires Popescu Porter Quinn Rahman Ramos Reid Reyes Richter Rinaldi Rivera Rossi Roth Rowe Ruiz
    Saito Salazar Santoro Sato     Schmidt Schreiber Seidel Sharma Shaw Silva Singh Sokolov Sousa Stein Stewart Suzuki Takeda Tanaka
    Thorne Toivonen Torres Tran Turner Vargas Vega     Vogel Wagner Walsh Watson Weber Weiss Winkler Wolf Wright Yamada Yilmaz Young Zhang
    Zimmermann"""
)
TOWNS = split_names(
    """Aachen, Aarhus, Aberdeen, Accra, Adelaide, Alicante, Almaty, Amiens, Ankara, Annecy, Antwerp, Arles, Athens, Auckland, Austin, Avignon,
    Baku, Bamberg, Bari, Basel, Bath, Belfast, Belgrade, Bergen, Berlin, Bilbao, Bologna, Boston, Braga, Bremen, Brest, Brighton, Bristol,
    Brno, Bruges, Budapest, Burgos, Busan, Cadiz, Cairo, Calgary, Cape Town, Cardiff, Cartagena, Chester, Chicago, Cologne, Cordoba, Cork,
    Cusco, Dakar, Delft, Denver, Dijon, Dortmund, Dresden, Dublin, Dundee, Durban, Durham, Exeter, Faro, Ferrara, Florence, Galway,
    Gdansk, Geneva, Genoa, Ghent, Girona, Glasgow, Gothenburg, Granada, Graz, Grenoble, Groningen, Haarlem, Halifax, Hanoi, Heidelberg,
    Helsinki, Hobart, Innsbruck, Inverness, Izmir, Jena, Kassel, Kiel, Kigali, Krakow, Kyoto, La Paz, Lagos, Lausanne, Leeds, Leiden,
    Leipzig, Leon, Lille, Lima, Limerick, Linz, Lisbon, Ljubljana, Lublin, Lucca, Lucerne, Lyon, Madrid, Malaga, Malmo, Manila, Mantua,
    Marseille, Medellin, Melbourne, Merida, Metz, Milan, Modena, Montreal, Munich, Nairobi, Nantes, Naples, New Orleans, Nice, Norwich,
    Odense, Oporto, Osaka, Oslo, Ottawa, Oxford, Padua, Palermo, Parma, Perth, Pisa, Plymouth, Porto Alegre, Potsdam, Poznan, Prague,
    Quito, Ravenna, Regensburg, Reims, Rennes, Riga, Rostock, Rotterdam, Rouen, Salamanca, San Diego, Santa Fe, Santiago, Seattle,
    Seville, Siena, Sofia, Split, Stavanger, Stirling, Strasbourg, Stuttgart, Swansea, Tallinn, Tampere, Tartu, Toledo, Toronto, Toulouse,
    Trento, Trier, Trieste, Turin, Turku, Uppsala, Utrecht, Valencia, Verona, Vienna, Vigo, Vilnius, Warsaw, Wellington, Winnipeg,
    Worcester, York, Zagreb, Zurich"""
)
COUNTRIES = split_names(
    """Albania, Algeria, Argentina, Armenia, Australia, Austria, Bangladesh, Belgium, Bolivia, Botswana, Brazil, Bulgaria, Cambodia, Cameroon,
    Canada, Chile, China, Colombia, Costa Rica, Croatia, Cuba, Cyprus, Denmark, Ecuador, Egypt, Estonia, Ethiopia, Fiji, Finland, France,
    Georgia, Germany, Ghana, Greece, Guatemala, Honduras, Hungary, Iceland, India, Indonesia, Ireland, Israel, Italy, Jamaica, Japan,
    Jordan, Kazakhstan, Kenya, Laos, Latvia, Lebanon, Lithuania, Luxembourg, Madagascar, Malaysia, Malta, Mexico, Moldova, Mongolia,
    Morocco, Mozambique, Namibia, Nepal, New Zealand, Nigeria, Norway, Oman, Pakistan, Panama, Paraguay, Peru, Poland, Portugal, Romania,
    Rwanda, Senegal, Serbia, Singapore, Slovakia, Slovenia, South Africa, South Korea, Spain, Sri Lanka, Sweden, Switzerland, Taiwan,
    Tanzania, Thailand, Tunisia, Turkey, Uganda, Ukraine, Uruguay, Uzbekistan, Vietnam, Zambia, Zimbabwe"""
)
LANGUAGES = split_words(
    """Afrikaans Albanian Amharic Arabic Armenian Basque Bengali Bosnian Bulgarian Burmese Catalan Croatian Czech Danish Dutch English Estonian
    Finnish     French Galician Georgian German Greek Gujarati Hausa Hebrew Hindi Hungarian Icelandic Igbo Indonesian Irish Italian
    Japanese Kazakh Khmer Korean     Kurdish Lao Latvian Lithuanian Macedonian Malay Maltese Mandarin Marathi Mongolian Nepali Norwegian
    Persian Polish Portuguese Punjabi Romanian     Russian Serbian Slovak Slovenian Somali Spanish Swahili Swedish Tagalog Tamil Telugu
    Thai Turkish Ukrainian Urdu Vietnamese Welsh Xhosa Yoruba     Zulu"""
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
STREETS = split_words(
    """Abbey Acorn Alder Anchor Ash Badger Bakers Barley Beacon Beech Bell Birch Blossom Bridge Brook Canal Castle Cedar Chapel Cherry Church
    Clover     Cooper Copper Cross Dock Dove Elm Falcon Farm Fern Ferry Field Fisher Forge Fountain Garden Gate Glebe Grange Green Harbour
    Hawthorn Hazel Heron     High Hill Holly King Kiln Lake Larch Lime Linden Maple Market Meadow Mill Mint Moor Oak Orchard Park Pear
    Pine Poplar Priory Quarry Queen Rectory     River Rose Rowan Sand School Silver Spring Station Stone Swan Temple Thorn Tower Trinity
    Union Vale Vine Walnut Water Well West Willow     Windmill"""
)
STREET_TYPES = ("Street", "Road", "Lane", "Avenue", "Close", "Way", "Court", "Drive", "Row", "Square", "Terrace", "Hill")
NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
"""The words for 1 to 12, in order."""

ONSETS = split_words("b b br ch d d dr f f fl g g gr h h j k k kl l l l m m m n n n p p pl pr qu r r r s s s sh sk st t t t th tr v v w y z")
VOWELS = split_words("a a a a a e e e e e i i i i o o o o u u ai au ea ee io oo")
CODAS = ("", "", "", "", "", *split_words("l m n r s t k x nd rk lm nt sk rn th p ng ll"))

RETURNS_OF_LOOKING = {
    "results": "array",
    "items": "array",
    "matches": "array",
    "entries": "array",
    "total": "number",
    "count": "integer",
    "found": "boolean",
    "status": "string",
    "value": "number",
    "summary": "string",
    "details": "string",
    "updated_at": "date-time",
    "next_page": "string",
    "available": "boolean",
    "last_change": "date-time",
    "score": "number",
}
RETURNS_OF_DOING = {
    "status": "string",
    "success": "boolean",
    "confirmation": "string",
    "confirmed": "boolean",
    "reference": "string",
    "id": "string",
    "created_at": "date-time",
    "updated_at": "date-time",
    "message": "string",
    "cost": "number",
    "total": "number",
    "accepted": "boolean",
    "receipt_url": "string",
    "position": "integer",
    "valid_until": "date",
    "warnings": "array",
}
"""What a tool may return, by name the type (or format), for tools that look something up and for such as do something."""
VERBS_OF_LOOKING = frozenset(
    split_words(
        """find get check compare estimate list search show look locate count read watch track trace forecast identify review measure summarise
        explain compute plot recommend suggest digest recognise assess test see view fetch query lookup calculate display browse
        inspect monitor"""
    )
)

GREETINGS = (
    "Hi! ",
    "Hello! ",
    "Hello there. ",
    "Good morning. ",
    "Good evening. ",
    "Excuse me. ",
    "Hey, ",
    "Hi there, ",
    "Please help. ",
    "Quick one: ",
)
THANKS_AFTER_A_STOP = (" Thanks.", " Thanks!", " Thank you.", " Many thanks.", " Please.", " Thanks a lot!", " Cheers.")
THANKS_IN_THE_SENTENCE = (", please", ", thanks", " please", ", thank you", ", would you", ", cheers", ", if you can", " - thanks")
TYPING_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "ko", "m": "n",
    "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
