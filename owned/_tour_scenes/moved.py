from owned import List, move

basket = List(["bread", "milk"])

parcel = move(basket)  # sealed: nobody's, until somebody claims the parcel
basket.append("cheese")
